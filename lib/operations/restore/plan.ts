/** The steps of a restore in place: pure, from what was observed. Each may be repeated, so that an interrupted restore goes on where it was. */
import type { Environment, Region } from '../../topology/types';
import { backupStanza, delayedReplicaName, postgresMemberCount, postgresName, restoreRequestName } from '../../topology/derive';
import { restoreArguments, type RestoreTarget } from './target';

/** In this order; recorded in the request as it is reached. */
export const PHASES = [
  'locked',
  'checked',
  'stopped',
  'forgotten',
  'requested',
  'recovered',
  'writable',
  'whole',
  'withdrawn',
  'backed-up',
  'finished',
] as const;
export type Phase = (typeof PHASES)[number];
/** Phases that a step leads to; the lock is the beginning. */
export type StepPhase = Exclude<Phase, 'locked'>;

export const reached = (phase: Phase, wanted: Phase): boolean => PHASES.indexOf(phase) >= PHASES.indexOf(wanted);

/** What each step does, by the phase that it leads to. */
const STEPS: Readonly<Record<StepPhase, string>> = {
  checked: 'force the newest write-ahead log into the archive, and check that backup and archive reach the moment asked for',
  stopped: 'stop every member of the cluster (scale its StatefulSet to 0): writes stop here',
  forgotten: "delete the cluster's keys in etcd, so that the members make a new cluster",
  requested: 'ask for the restore: the members rename their data directories (kept until confirmed), and bootstrap with the method "pitr"',
  recovered: 'start two members: one restores the backup and replays the write-ahead log; the other waits for it',
  writable: 'wait until a standby is built from the new primary: from here on writes are acknowledged',
  whole: 'start the other members, and wait until every member streams',
  withdrawn: 'withdraw the request, and have the replica that stays behind built anew',
  'backed-up': 'take a new full backup: the timeline is a new one',
  finished: 'done; the old data directories are kept until `holdfast restore confirm`, and `holdfast restore undo` puts them back',
};

export interface PlannedStep {
  readonly leadsTo: StepPhase;
  readonly what: string;
}

/** What is left to do, from the phase that was reached; nothing at all has happened yet when it is undefined. */
export const planOf = (from: Phase | undefined): readonly PlannedStep[] =>
  PHASES.filter((phase): phase is StepPhase => phase !== 'locked' && (from === undefined || !reached(from, phase))).map((leadsTo) => ({
    leadsTo,
    what: STEPS[leadsTo],
  }));

/** Who holds the lock, as it stands in the request. */
export interface RestoreRequest {
  readonly id: string;
  readonly holder: string;
  readonly phase: Phase;
  readonly target: string;
  /** The holder's last sign of life, seconds since 1970. */
  readonly heartbeat: number;
}

/** Without a sign of life for so long, the holder is gone. */
export const HOLDER_GONE_SECONDS = 30;

export type LockDecision =
  { readonly kind: 'take' } | { readonly kind: 'resume'; readonly from: Phase } | { readonly kind: 'refuse'; readonly because: string };

/** Whether a restore may begin (or go on) beside what is recorded. */
export const decideLock = (existing: RestoreRequest | undefined, resume: boolean, now: number): LockDecision => {
  if (existing === undefined) return resume ? { kind: 'refuse', because: 'there is no restore to resume' } : { kind: 'take' };
  const { id, holder, phase, target, heartbeat } = existing;
  if (phase === 'finished')
    return {
      kind: 'refuse',
      because: `restore ${id} (to ${target}) is finished and its old data directories are kept: \`holdfast restore confirm\` removes them, \`holdfast restore undo\` puts them back; then another restore may begin`,
    };
  const silent = Math.round(now - heartbeat);
  if (silent < HOLDER_GONE_SECONDS)
    return { kind: 'refuse', because: `restore ${id} (to ${target}) is under way: held by ${holder}, in phase "${phase}", last sign of life ${silent} s ago` };
  if (!resume)
    return {
      kind: 'refuse',
      because: `restore ${id} (to ${target}) was interrupted in phase "${phase}": held by ${holder}, silent for ${silent} s; go on with \`holdfast restore resume\`, or back with \`holdfast restore undo\``,
    };
  return { kind: 'resume', from: phase };
};

/** What the members are asked to do. `none`: nothing. See images/patroni/bin/holdfast-set-aside and holdfast-backup-server. */
export type Action = 'none' | 'set-aside' | 'put-back' | 'discard';

/** Whether what is recorded may be undone or confirmed by `me`: by whoever holds it, or when its holder is gone, or when it waits for just that. */
export const decideEnd = (
  what: 'undo' | 'confirm',
  existing: (RestoreRequest & { readonly action: Action }) | undefined,
  me: string,
  now: number,
): { readonly kind: 'take' } | { readonly kind: 'refuse'; readonly because: string } => {
  const refuse = (because: string) => ({ kind: 'refuse', because }) as const;
  if (existing === undefined) return refuse(`there is no restore to ${what}`);
  const { id, holder, phase, action, heartbeat } = existing;
  if (what === 'undo' && action === 'discard')
    return refuse(`restore ${id} was being confirmed, and some of the old data may be gone: go on with \`holdfast restore confirm\``);
  if (what === 'confirm' && action === 'put-back') return refuse(`restore ${id} was being undone: go on with \`holdfast restore undo\``);
  if (what === 'confirm' && phase !== 'finished') return refuse(`restore ${id} is not finished: it is in phase "${phase}"`);
  const silent = Math.round(now - heartbeat);
  const waits = phase === 'finished' && action === 'none';
  if (holder === me || waits || silent >= HOLDER_GONE_SECONDS) return { kind: 'take' };
  return refuse(
    `restore ${id} is under way: held by ${holder}, in phase "${phase}", last sign of life ${silent} s ago; end that first, and ${what} it ${HOLDER_GONE_SECONDS} s later`,
  );
};

/** Patroni's part of the request: how the new cluster is made. Read from /etc/patroni beside the cluster's own configuration. */
export const bootstrapConfiguration = (stanza: string, target: RestoreTarget, backup: string, repository: number): object => ({
  bootstrap: {
    method: 'pitr',
    pitr: {
      command: [
        'pgbackrest',
        `--stanza=${stanza}`,
        `--repo=${repository}`,
        '--log-level-console=info',
        ...restoreArguments(target, backup).map((argument) => `'${argument}'`),
        'restore',
      ].join(' '),
      no_params: true,
      keep_existing_recovery_conf: true,
    },
  },
});

/** All that a restore has to know of the cluster that it restores. */
export interface RestoreCluster {
  readonly stanza: string;
  readonly members: number;
  /** Nothing is acknowledged without a standby. */
  readonly strict: boolean;
  readonly statefulSet: string;
  readonly delayedReplica: string;
  /** The ConfigMap of its record. */
  readonly request: string;
}

export const restoreCluster = (environment: Environment, region: Region): RestoreCluster => ({
  stanza: backupStanza(environment),
  members: postgresMemberCount(region),
  strict: region.postgres.synchronousMode === 'strict',
  statefulSet: postgresName(region),
  delayedReplica: delayedReplicaName(region),
  request: restoreRequestName(region),
});

/** What a member's log says when the restore can't succeed; nothing: it is still going on. */
export const failureIn = (log: string): string | undefined => {
  const meanings: readonly (readonly [RegExp, string])[] = [
    [
      /recovery ended before configured recovery target was reached/,
      'the archive ends before this moment (nothing was committed after it), or a segment on the way to it is missing',
    ],
    [/could not locate required checkpoint record|WAL ends before/, 'a segment that the backup itself needs is missing'],
    // A wrong key may also decrypt to something, which is then no information.
    [
      /CryptoError|cipher header invalid|bad decrypt|unable to load info file/,
      'the repository can’t be read with this passphrase, or its info files are damaged',
    ],
    [/No space left on device/, 'a volume is full: the old data directory is kept beside the new one'],
    [/unable to find backup set|no backup set found/, 'the backup is not in the repository any more'],
    [/ERROR: \[\d{3}\]:.*/, 'pgBackRest failed'],
  ];
  for (const [pattern, meaning] of meanings) {
    const line = log.split('\n').find((l) => pattern.test(l));
    if (line !== undefined) return `${meaning} (${line.trim().slice(0, 300)})`;
  }
  return undefined;
};
