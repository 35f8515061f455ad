/** What the drills of backups do. */
import type { BackupScenario } from '../../topology/scenarios';
import type { ProcedureDescriptions } from './procedure';

const CLIENTS = 'three clients write and one reads, through the poolers; a table of the size asked for (--megabytes) is filled';
const BUG = 'a bug deletes half of the table in one transaction, and clients go on writing for some seconds before anybody notices';

export const BACKUP_DRILLS: ProcedureDescriptions<BackupScenario> = {
  'restore-point-in-time': () => ({
    title: 'a bug deletes half of a table while clients write, and the database goes back to the transaction before it',
    scenario:
      'One command stops the cluster, restores the backup, replays the write-ahead log to the transaction before the bug, and rebuilds the standbys. What was committed before is there, to the last row; what came after is given up; the old data is kept until it is confirmed.',
    requirements: ['CS-6'],
    planned: false,
    procedure: [
      `${CLIENTS}; a full backup is taken`,
      BUG,
      '`holdfast restore` to just before the bug is run: by its transaction, a time, a restore point or a position, and the same as a job, as the seed decides',
      'the table must be whole, a row of the transaction just before the bug there, one of just after it not, and nothing acknowledged before the bug or after the restore may be missing',
      '`holdfast restore confirm`',
    ],
    healthyDeadlineSeconds: 120,
    longestFaultSeconds: 900,
  }),
  'restore-extract': () => ({
    title: 'a bug deletes half of a table while clients write, and its rows are taken from an isolated copy',
    scenario:
      'The copy is restored beside the cluster to the transaction before the bug; the rows that are missing go into the live table. Nobody stops, and no later row is lost.',
    requirements: ['CS-6'],
    planned: false,
    procedure: [
      `${CLIENTS}; a full backup is taken`,
      `${BUG}; some rows are changed and some added in the table meanwhile`,
      '`holdfast restore --at xid:<the bug’s> --exclusive --into clone --table <it> --merge` is run',
      'the deleted rows must be back with their content, changed and added rows as they were left, and no write of a client lost or held up',
    ],
    healthyDeadlineSeconds: 60,
    longestFaultSeconds: 900,
  }),
  'restore-refused': () => ({
    title: 'restores that can’t succeed are asked for: outside the archive, across a missing segment, with the wrong key',
    scenario: 'Each is refused before anything is stopped, and says why; no lock is left, and nobody notices.',
    requirements: ['CS-6'],
    planned: true,
    procedure: [
      `${CLIENTS}; a full backup is taken`,
      'a moment before the oldest backup, one in the future, and a position beyond the archive are asked for',
      'a segment of the write-ahead log is taken out of the repository, then the passphrase is made a wrong one; both are put right',
      'a table that never existed is asked for, from an isolated copy',
    ],
    healthyDeadlineSeconds: 60,
    longestFaultSeconds: 600,
  }),
  'restore-interrupted': () => ({
    title: 'the command that restores dies half-way; another one resumes, and a third undoes it all',
    scenario:
      'Whoever asks meanwhile is refused, and told who holds the lock. The resumed restore is as exact as one in a piece. Undone, the old data is back: with the bug, and with everything that came after it.',
    requirements: ['CS-6'],
    planned: false,
    procedure: [
      `${CLIENTS}; a full backup is taken`,
      BUG,
      '`holdfast restore` is killed (SIGKILL) when everything is stopped, when the data is set aside, or when a member serves again, as the seed decides',
      'another restore is refused at once, and again after 30 s, with what to do',
      '`holdfast restore resume`, then `holdfast restore undo`',
      'every row that was acknowledged before the restore must be there, and none of the restored cluster',
    ],
    healthyDeadlineSeconds: 120,
    longestFaultSeconds: 900,
  }),
  'restore-disk-full': () => ({
    title: 'the volumes have no room for the restored data beside the old',
    scenario: 'The restore says so, puts the old data back by itself, and the cluster serves as before. Nothing acknowledged is lost.',
    requirements: ['CS-6'],
    planned: false,
    procedure: [
      `${CLIENTS}; a full backup is taken`,
      BUG,
      '`holdfast restore` is run; when the members have stopped, every volume is filled but for a little',
      'it must fail and say why; every row that was acknowledged before must be there',
    ],
    healthyDeadlineSeconds: 120,
    longestFaultSeconds: 600,
  }),
  'verified-backup': () => ({
    title: 'the newest backup is restored in isolation and checked; then backup and database are damaged, and it must fail',
    scenario: 'A sound backup is proven by a restore, and leaves evidence. A damaged one is refused by name, and leaves none.',
    requirements: ['CS-6', 'PW-2'],
    planned: true,
    procedure: [
      `${CLIENTS}; a full backup is taken`,
      '`holdfast backup verify` must succeed, and its evidence must count every row and be young',
      'an index that lies about its table is made; `backup verify` must fail and name it, without evidence',
      'bytes in the middle of the backup are changed in the repository; `backup verify` must fail, without evidence',
      'both are put right; `backup verify` must succeed again',
    ],
    healthyDeadlineSeconds: 60,
    longestFaultSeconds: 900,
  }),
  'standby-delayed-extract': () => ({
    title: 'a bug deletes half of a table, and its rows are taken from the replica that stays behind',
    scenario: 'The replica is stopped before it reaches the bug; the rows that are missing go from it into the live table; it goes on and catches up.',
    requirements: ['CS-6'],
    planned: false,
    procedure: [
      `${CLIENTS}, and the replica has applied it`,
      BUG,
      '`holdfast replica pause`, `extract --table <it> --merge`, `resume`',
      'the deleted rows must be back, and no write of a client lost or held up; the replica must apply what it had held back',
    ],
    healthyDeadlineSeconds: 60,
    longestFaultSeconds: 600,
  }),
};
