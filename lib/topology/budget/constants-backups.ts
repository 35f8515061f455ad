/** What the budgets of backups and restores count on and nobody configures. Seconds; upper bounds leave room for a loaded machine. */
import { span, type Span } from './constants';

/** The restore that is budgeted: a database of so much, of which a bug has changed half since the backup. */
export const RESTORED_MEGABYTES = 1000;

export const BACKUP_CONSTANTS = {
  archiveChecked: span(1, 8, 'estimated from a few runs: a job forces a segment into the archive and lists what is there'),
  membersStop: span(3, 11, 'measured: the standbys stop, the primary waits 2 s for somebody to hand over to, its shutdown checkpoint, the pods are gone'),
  membersStart: span(4, 12, 'measured: the cluster’s keys in etcd deleted, pods placed, volumes mounted, data set aside, one member begins'),
  backupRestored: span(5, 20, `measured, two cores for everything: ${RESTORED_MEGABYTES} MB fetched, decrypted, unpacked and flushed`),
  logReplayed: span(2, 20, 'measured, two cores for everything: the write-ahead log from the backup to the moment, half of the database among it'),
  standbyBuilt: span(4, 13, `measured, two cores for everything: ${RESTORED_MEGABYTES} MB copied to one member`),
  holderSilent: span(30, 40, 'lib/operations/restore/plan.ts: whoever gives no sign of life for 30 s is gone'),
  refusedTwice: span(1, 10, 'the drill: two more restores are tried before one is resumed'),
  restoreFails: span(1, 15, 'estimated from a few runs: the volume fills up, and the member’s log says so'),
  leaderFound: span(1, 10, 'estimated from a few runs: the keys in etcd are gone, so the members agree anew who was the primary'),
  besideACopy: span(0, 2, 'estimated from a few runs: a commit beside a backup, a copy that is restored, or rows that are inserted'),
} as const satisfies Readonly<Record<string, Span>>;
