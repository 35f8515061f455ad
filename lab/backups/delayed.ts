/** The drill standby-delayed-extract: the replica that stays behind is stopped before it reaches the bug, and its rows are taken. */
import { commandFinding } from '../../lib/drill/backups/judge';
import type { ProcedureOutcome } from '../../lib/drill/procedure-run';
import { fail, pass } from '../../lib/drill/verdict';
import { lsnNumber } from '../../lib/operations/restore/archive';
import { asSuperuser } from '../database';
import type { ProcedureContext } from '../drill/procedures/procedure';
import { NotSteadyError } from '../drill/run';
import { now } from '../meter/clock';
import { failureOf, holdfast, type CommandRun } from './command';
import { LEDGER } from './ledger';
import { broughtBack } from './restore';
import { waitFor, type Scene } from './scene';

/** Besides its delay: the archive's own, a restore of the replica after an earlier drill, and a loaded machine. */
const FOLLOWS_WITHIN_SECONDS = 120;

interface Position {
  readonly state: string;
  readonly position: string;
  readonly behindSeconds: number | null;
}

const positionOf = (run: CommandRun): Position | null => (run.exitCode === 0 ? (JSON.parse(run.stdout) as Position) : null);
const status = async (context: ProcedureContext): Promise<Position | null> => positionOf(await holdfast(context, ['replica', 'status']));

const positionNow = ({ lab }: ProcedureContext, leader: string): Promise<string> =>
  asSuperuser(lab, leader, async (client) => (await client.query<{ lsn: string }>('SELECT pg_current_wal_lsn() AS lsn')).rows[0]?.lsn ?? '0/0');

/** Whether it has applied everything up to there in time. */
const follows = async (context: ProcedureContext, lsn: string): Promise<boolean> => {
  const delay = context.lab.environment.backups.delayedReplica?.delay ?? 0;
  for (const end = now() + delay + FOLLOWS_WITHIN_SECONDS; now() < end;) {
    const found = await status(context);
    if (found !== null && lsnNumber(found.position) >= lsnNumber(lsn)) return true;
    await waitFor(context, 3);
  }
  return false;
};

const hasTheTable = async ({ context, leader }: Scene): Promise<void> => {
  context.progress('waiting until the replica that stays behind has the table');
  if (!(await follows(context, await positionNow(context, leader)))) throw new NotSteadyError('the replica that stays behind does not follow');
};

interface ExtractAnswer {
  readonly tables: readonly { readonly rowsBefore: number; readonly rowsAfter: number }[];
}

export const delayedExtract = (context: ProcedureContext): Promise<ProcedureOutcome> => {
  let leader = '';
  return broughtBack(
    context,
    async (scene) => {
      leader = scene.leader;
      await hasTheTable(scene);
    },
    async () => {
      const paused = await holdfast(context, ['replica', 'pause']);
      const extracted = await holdfast(context, ['replica', 'extract', '--table', LEDGER, '--merge']);
      const resumed = await holdfast(context, ['replica', 'resume']);
      const lsn = await positionNow(context, leader);
      const caughtUp = await follows(context, lsn);
      const table = extracted.exitCode === 0 ? (JSON.parse(extracted.stdout) as ExtractAnswer).tables[0] : undefined;
      return {
        findings: [
          commandFinding('paused', failureOf(paused)),
          commandFinding('extracted', failureOf(extracted)),
          commandFinding('resumed', failureOf(resumed)),
          (caughtUp ? pass : fail)('follows-again', `the replica has ${caughtUp ? '' : 'not '}applied what it had held back`),
        ],
        broughtBack: table === undefined ? 0 : table.rowsAfter - table.rowsBefore,
        extra: { pausedSeconds: paused.endedAt - paused.beganAt, extractedSeconds: extracted.endedAt - paused.beganAt },
      };
    },
  );
};
