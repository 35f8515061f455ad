/** The drills restore-interrupted and restore-disk-full: restores that are given up again, with the old data back in its place. */
import { commandFinding } from '../../lib/drill/backups/judge';
import { judgeReturned } from '../../lib/drill/backups/judge-returned';
import { refusalFinding } from '../../lib/drill/backups/refusals';
import type { ProcedureOutcome } from '../../lib/drill/procedure-run';
import { fail, pass, type Finding } from '../../lib/drill/verdict';
import { HOLDER_GONE_SECONDS } from '../../lib/operations/restore/plan';
import { asSuperuser } from '../database';
import type { ProcedureContext } from '../drill/procedures/procedure';
import { arm, disarm } from '../faults/dead-man';
import { emptyDisk, leaveRoom } from '../faults/primitives';
import { withoutFailover } from '../operations/expectation';
import { steadyRegion } from '../operations/steady';
import { failureOf, holdfast, LOG, saidAt } from './command';
import { checkLedger, readNeighbours } from './ledger';
import { refusal, saidBy } from './refused';
import { strike } from './restore';
import { onScene, waitFor, watchHealth, type Scene } from './scene';

const NOTICED_SECONDS = 3;
/** Room on each volume that is enough to live on, and not for a second data directory. */
const ROOM_MEGABYTES = 56;

interface Attempt {
  readonly findings: readonly Finding[];
  readonly stoppedAt: number | null;
  readonly returnedAt: number | null;
  readonly extra: Readonly<Record<string, unknown>>;
}

const STOPPED = 'forgotten:';
const RETURNED = 'starting the members with their old data';

const atReturn =
  (watch: () => void) =>
  (line: string): void =>
    line.startsWith(RETURNED) ? watch() : undefined;

/** @param attempt restores to just before a transaction, and ends with the old data in its place */
const givenUp = async (context: ProcedureContext, attempt: (scene: Scene, xid: string, watch: () => void) => Promise<Attempt>): Promise<ProcedureOutcome> => {
  const { result, history, scene } = await onScene(context, async (stage) => {
    const { moment } = await strike(stage);
    await waitFor(context, NOTICED_SECONDS);
    const watch = watchHealth(context);
    const attempted = await attempt(stage, moment.xid, watch.begin);
    watch.begin();
    await steadyRegion(context);
    return { attempted, seen: await watch.stop() };
  });
  const { attempted, seen } = result;
  const { leader } = await steadyRegion(context);
  const found = await asSuperuser(context.lab, leader, async (client) => ({
    ledger: await checkLedger(client, scene.rows - Math.floor(scene.rows / 2)),
    neighbours: await readNeighbours(client),
  }));
  const judged = judgeReturned({
    history,
    expectation: { ...withoutFailover(context, scene.clients.names, false), leaderChanges: { min: 0, max: 2 } },
    healthyAt: seen.since,
    ...found,
    ...attempted,
  });
  return {
    ...judged,
    notes: [`last complaint: ${seen.last}`],
    extra: { ...judged.extra, megabytes: scene.megabytes, ...attempted.extra },
    logs: [
      { name: 'history', path: 'history.jsonl' },
      { name: 'holdfast', path: LOG },
    ],
  };
};

/** Where the first command dies: nothing is stopped yet, everything is stopped, or a member restores already. */
const KILLED_AT = ['recovered:', 'requested:', 'writable:'] as const;

const interruptedRestore = async ({ context }: Scene, xid: string, watch: () => void): Promise<Attempt> => {
  const at = ['restore', '--at', `xid:${xid}`, '--exclusive'];
  const killAt = KILLED_AT[context.seed % KILLED_AT.length] ?? KILLED_AT[0];
  const first = await holdfast(context, at, { killAt });
  const atOnce = await refusal(context, 'second-refused-at-once', at, /is under way: held by .*, in phase/);
  await waitFor(context, HOLDER_GONE_SECONDS);
  const later = await refusal(context, 'second-refused-later', at, /was interrupted in phase .*holdfast restore resume/);
  const resumed = await holdfast(context, ['restore', 'resume']);
  const third = await refusal(context, 'third-refused', at, /is finished and its old data directories are kept/);
  const { leader } = await steadyRegion(context);
  const restored = await asSuperuser(context.lab, leader, readNeighbours);
  const undone = await holdfast(context, ['restore', 'undo'], { onLine: atReturn(watch) });
  return {
    findings: [
      (first.exitCode === null ? pass : fail)(
        'killed-half-way',
        `the first command was killed when it said "${killAt}": exit ${first.exitCode ?? 'by a signal'}`,
      ),
      ...[atOnce, later].map(refusalFinding),
      commandFinding('resumed', failureOf(resumed)),
      (restored.before && !restored.after ? pass : fail)(
        'resumed-exactly',
        `just before the bug: ${String(restored.before)}; just after it: ${String(restored.after)}`,
      ),
      refusalFinding(third),
      commandFinding('undone', failureOf(undone)),
    ],
    stoppedAt: saidAt(first, STOPPED),
    returnedAt: saidAt(undone, RETURNED),
    extra: { resumedSeconds: resumed.endedAt - resumed.beganAt, undoneSeconds: undone.endedAt - undone.beganAt },
  };
};

const withoutRoom = async ({ context }: Scene, xid: string, watch: () => void): Promise<Attempt> => {
  const { lab } = context;
  await arm(lab, context.deadMan, context.drill.longestFaultSeconds);
  try {
    // When nobody runs any more: a server that stops may give back some of its write-ahead log.
    let filled: Promise<unknown> | undefined;
    const onLine = (line: string): void => {
      atReturn(watch)(line);
      if (line.startsWith(STOPPED)) filled ??= Promise.all(lab.nodes.map((node) => leaveRoom(lab, node, ROOM_MEGABYTES)));
    };
    const run = await holdfast(context, ['restore', '--at', `xid:${xid}`, '--exclusive'], { onLine });
    await filled;
    return {
      findings: [refusalFinding({ check: 'put-back', exitCode: run.exitCode, said: saidBy(run), says: /a volume is full/ })],
      stoppedAt: saidAt(run, STOPPED),
      returnedAt: saidAt(run, RETURNED),
      extra: { commandSeconds: run.endedAt - run.beganAt },
    };
  } finally {
    await Promise.all(lab.nodes.map((node) => emptyDisk(lab, node)));
    await disarm(lab);
  }
};

export const interrupted = (context: ProcedureContext): Promise<ProcedureOutcome> => givenUp(context, interruptedRestore);
export const diskFull = (context: ProcedureContext): Promise<ProcedureOutcome> => givenUp(context, withoutRoom);
