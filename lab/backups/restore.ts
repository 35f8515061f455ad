/** The drills restore-point-in-time and restore-extract: a bug deletes half of a table while clients write, and a command brings it back. */
import { commandFinding, judgeRestore, judgeUndisturbed, ledgerFinding, type Bug } from '../../lib/drill/backups/judge';
import type { ProcedureOutcome } from '../../lib/drill/procedure-run';
import { fail, pass, type Finding } from '../../lib/drill/verdict';
import { asSuperuser } from '../database';
import type { ProcedureContext } from '../drill/procedures/procedure';
import { now } from '../meter/clock';
import { withoutFailover } from '../operations/expectation';
import { steadyRegion } from '../operations/steady';
import { failureOf, holdfast, LOG, saidAt, type CommandRun } from './command';
import { changeAfterwards, checkLedger, deleteHalf, LEDGER, readNeighbours, type Moment } from './ledger';
import { onScene, timelineNow, waitFor, watchHealth, type Scene } from './scene';

/** The bug is noticed so much later; clients go on writing good rows. */
const NOTICED_SECONDS = 4;
const LOGS = [
  { name: 'history', path: 'history.jsonl' },
  { name: 'holdfast', path: LOG },
];

/** Half of the table is gone, in a transaction that is known. */
export const strike = ({ context, leader, mark }: Scene): Promise<Bug & { readonly moment: Moment }> =>
  asSuperuser(context.lab, leader, (client) =>
    asSuperuser(context.lab, leader, (neighbour) => {
      mark('faultAt');
      context.progress('a bug deletes half of the table');
      return deleteHalf(client, neighbour, now);
    }),
  );

/** Every way to name the moment, one after the other as the seed counts up; and then again as a job inside the cluster. */
const WAYS: readonly ((moment: Moment) => readonly string[])[] = [
  ({ xid }) => [`xid:${xid}`, '--exclusive'],
  ({ time }) => [time],
  ({ name }) => [`name:${name}`],
  ({ lsn }) => [`lsn:${lsn}`, '--exclusive'],
];

const wayOf = (seed: number, moment: Moment): readonly string[] => {
  const i = Math.max(0, seed - 1) % (2 * WAYS.length);
  const way = WAYS[i % WAYS.length] ?? ((m: Moment): readonly string[] => [`xid:${m.xid}`, '--exclusive']);
  return ['--at', ...way(moment), ...(i < WAYS.length ? [] : ['--as-job'])];
};

interface RestoreAnswer {
  readonly seconds: Readonly<Record<string, number>>;
}

const answerOf = (run: CommandRun): unknown => (run.exitCode === 0 ? JSON.parse(run.stdout) : null);

export const pointInTime = async (context: ProcedureContext): Promise<ProcedureOutcome> => {
  const { result, history, scene } = await onScene(context, async (stage) => {
    const { moment, ...bug } = await strike(stage);
    await waitFor(context, NOTICED_SECONDS);
    const watch = watchHealth(context);
    const onLine = (line: string): void => (line.startsWith('whole:') ? watch.begin() : undefined);
    const run = await holdfast(context, ['restore', ...wayOf(context.seed, moment)], { onLine });
    watch.begin(); // one that failed never came so far
    // A command that failed has put everything back, or says how to go on; either way the drill must not leave it so.
    await steadyRegion(context);
    return { bug, run, seen: await watch.stop() };
  });
  const { bug, run, seen } = result;
  const { leader } = await steadyRegion(context);
  const { ledger, neighbours } = await asSuperuser(context.lab, leader, async (client) => ({
    ledger: await checkLedger(client, scene.rows),
    neighbours: await readNeighbours(client),
  }));
  const confirmed = run.exitCode === 0 ? failureOf(await holdfast(context, ['restore', 'confirm'])) : 'there was nothing to confirm';
  const stoppedAt = saidAt(run, 'requested:');
  const judged = judgeRestore({
    history,
    expectation: { ...withoutFailover(context, scene.clients.names, false), leaderChanges: { min: 0, max: 1 } },
    bug,
    beganAt: run.beganAt,
    stoppedAt,
    healthyAt: seen.since,
    failure: failureOf(run),
    ledger,
    neighbours,
    confirmFailure: confirmed,
  });
  return {
    ...judged,
    notes: [
      `holdfast ${run.args.join(' ')}`,
      'rows acknowledged after the bug are given up, as a restore in place does: they are counted in rowsGivenUp, not as lost',
      `last complaint: ${seen.last}`,
    ],
    extra: {
      ...judged.extra,
      megabytes: scene.megabytes,
      commandSeconds: run.endedAt - run.beganAt,
      phases: (answerOf(run) as RestoreAnswer | null)?.seconds ?? null,
    },
    logs: LOGS,
  };
};

interface ExtractAnswer {
  readonly tables: readonly { readonly rowsBefore: number; readonly rowsAfter: number }[];
  readonly restored: number;
  readonly recovered: number;
}

/** What was changed and added after the bug is there, and the deleted rows with it. */
export const laterRowsKept = async ({ context, rows }: Scene, added: number): Promise<readonly Finding[]> => {
  const { leader } = await steadyRegion(context);
  const ledger = await asSuperuser(context.lab, leader, (client) => checkLedger(client, rows + added, true));
  return [ledgerFinding(ledger)];
};

/** Rows that are somewhere else are brought back into the live table, while everybody goes on. @param bring the commands; their failures */
export const broughtBack = async (
  context: ProcedureContext,
  before: (scene: Scene) => Promise<void>,
  bring: (xid: string) => Promise<{ readonly findings: readonly Finding[]; readonly extra: Readonly<Record<string, unknown>>; readonly broughtBack: number }>,
): Promise<ProcedureOutcome> => {
  const timeline = await timelineNow(context);
  const { result, history, scene } = await onScene(context, async (stage) => {
    await before(stage);
    const { moment } = await strike(stage);
    const added = await asSuperuser(context.lab, stage.leader, (client) => changeAfterwards(client, stage.rows));
    await waitFor(context, NOTICED_SECONDS);
    const beganAt = now();
    return { added, brought: await bring(moment.xid), seconds: now() - beganAt };
  });
  const { added, brought, seconds } = result;
  const kept = await laterRowsKept(scene, added);
  const after = await timelineNow(context);
  const judged = judgeUndisturbed(history, withoutFailover(context, scene.clients.names, false), { before: timeline, after });
  const deleted = Math.floor(scene.rows / 2);
  return {
    ...judged,
    findings: [
      ...brought.findings,
      (brought.broughtBack === deleted ? pass : fail)('rows-back', `${brought.broughtBack} rows brought back; the bug had deleted ${deleted}`),
      ...kept,
      ...judged.findings,
    ],
    notes: [],
    extra: { megabytes: scene.megabytes, rowsBackSeconds: seconds, ...brought.extra },
    logs: LOGS,
  };
};

export const extract = (context: ProcedureContext): Promise<ProcedureOutcome> =>
  broughtBack(
    context,
    () => Promise.resolve(),
    async (xid) => {
      const run = await holdfast(context, ['restore', '--at', `xid:${xid}`, '--exclusive', '--into', 'clone', '--table', LEDGER, '--merge']);
      const answer = answerOf(run) as ExtractAnswer | null;
      const table = answer?.tables[0];
      return {
        findings: [commandFinding('extracted', failureOf(run))],
        broughtBack: table === undefined ? 0 : table.rowsAfter - table.rowsBefore,
        extra: { restoredSeconds: answer?.restored ?? null, recoveredSeconds: answer?.recovered ?? null },
      };
    },
  );
