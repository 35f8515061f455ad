/** The drill nonce-store-down. */
import { judgeNonces, type NonceHistory, type NoncePhase, type Submission } from '../../lib/drill/edge/nonces';
import { SWITCH_WITHIN_SECONDS } from '../../lib/topology/budget/constants-edge';
import { asSuperuser } from '../database';
import type { Procedure } from '../drill/procedures/procedure';
import { now } from '../meter/clock';
import { steadyRegion } from '../operations/steady';
import { judged } from '../workload-tier/outcome';
import { workloadPods } from '../workload-tier/pods';
import { holdUntil, pause, runWorkloadDrill, type WorkloadStage } from '../workload-tier/stage';
import { giveRedisBack, takeRedisAway } from './redis';
import { Submitter } from './submitter';
import { turnSwitches } from './switches';

const EACH = 8;
const AWAY = 12;
/** For the question whether the switch has reached everybody. */
const TRIALS = 60;
const PAUSE_SECONDS = 0.25;
/** Until the pods know that Redis is away. */
const NOTICED_SECONDS = 4;
/** All pods have been asked, whichever the gateway chooses. */
const IN_A_ROW = 9;

class Run {
  readonly submissions: Submission[] = [];

  constructor(
    private readonly stage: WorkloadStage,
    readonly submitter: Submitter,
  ) {}

  async challenges(count: number): Promise<string[]> {
    const nonces: string[] = [];
    for (let i = 0; i < count; i++) nonces.push(await this.submitter.challenge());
    return nonces;
  }

  async handIn(nonces: readonly string[], phase: NoncePhase, again = false): Promise<void> {
    for (const nonce of nonces) {
      this.submissions.push(await this.submitter.submit(nonce, phase, again));
      await pause(this.stage, PAUSE_SECONDS);
    }
  }

  /** Hands in until so many in a row were taken: the switch is in every pod. What was refused meanwhile, was refused while the store was away. */
  async untilTaken(nonces: string[]): Promise<number | null> {
    let taken = 0;
    return holdUntil(
      this.stage,
      SWITCH_WITHIN_SECONDS,
      async () => {
        const nonce = nonces.pop();
        if (nonce === undefined) return false;
        const submission = await this.submitter.submit(nonce, 'emergency');
        const isTaken = submission.status === 201;
        this.submissions.push(isTaken ? submission : { ...submission, phase: 'away' });
        taken = isTaken ? taken + 1 : 0;
        return taken >= IN_A_ROW;
      },
      PAUSE_SECONDS,
    );
  }
}

const MINUTES = 15;

const carryOut = async (stage: WorkloadStage, run: Run): Promise<number | null> => {
  const { lab, api, progress, drill } = stage.context;
  const until = new Date(Date.now() + MINUTES * 60_000).toISOString();
  const taken = await run.challenges(EACH);
  await run.handIn(taken, 'before');
  const [away, trials] = [await run.challenges(AWAY), await run.challenges(TRIALS)];
  await takeRedisAway(stage);
  await pause(stage, NOTICED_SECONDS);
  await run.handIn(away, 'away');
  const pods = await workloadPods(lab, api, stage.workload);
  const switchedAt = now();
  try {
    await turnSwitches(api, pods, { nonceUnchecked: { by: 'the drill', reason: drill.name, until } });
    const everywhere = await run.untilTaken(trials);
    progress(everywhere === null ? 'the switch has not reached every pod' : `the switch has reached every pod after ${(everywhere - switchedAt).toFixed(1)} s`);
    return everywhere === null ? null : everywhere - switchedAt;
  } finally {
    await turnSwitches(api, pods, {});
  }
};

/** With Redis, and without the switch. */
const afterwards = async (stage: WorkloadStage, run: Run): Promise<void> => {
  await giveRedisBack(stage);
  // A pod that still has the switch writes down, and checks all the same.
  await run.handIn(await run.challenges(EACH), 'after');
  const taken = run.submissions.filter((s) => s.status === 201 && !s.again).map((s) => s.nonce);
  await run.handIn(taken.slice(0, EACH), 'after', true);
};

const RECEIPTS = 'SELECT nonce AS key, count(*) AS n FROM receipts WHERE nonce = ANY($1) GROUP BY 1';
const AUDIT = 'SELECT DISTINCT nonce AS key FROM receipt_audit WHERE nonce = ANY($1)';

const readBack = async ({ context }: WorkloadStage, nonces: readonly string[]): Promise<Pick<NonceHistory, 'stored' | 'audited'>> => {
  const { leader } = await steadyRegion(context);
  return asSuperuser(context.lab, leader, async (client) => {
    const receipts = await client.query<{ key: string; n: string }>(RECEIPTS, [nonces]);
    const audit = await client.query<{ key: string }>(AUDIT, [nonces]);
    return { stored: new Map(receipts.rows.map(({ key, n }) => [key, Number(n)])), audited: new Set(audit.rows.map(({ key }) => key)) };
  });
};

interface Measured {
  readonly history: NonceHistory;
  readonly switchSeconds: number | null;
}

const measure = async (stage: WorkloadStage): Promise<Measured> => {
  const [node] = stage.context.lab.nodes;
  const submitter = new Submitter(stage.door, node === undefined ? '' : (stage.door.gatewaysFor(node)[0] ?? ''));
  const run = new Run(stage, submitter);
  try {
    const switchSeconds = await carryOut(stage, run);
    await afterwards(stage, run);
    const nonces = run.submissions.map(({ nonce }) => nonce);
    return { history: { submissions: run.submissions, ...(await readBack(stage, nonces)) }, switchSeconds };
  } finally {
    submitter.close();
  }
};

export const nonceStoreDown: Procedure = async (context) => {
  let measured: Measured | undefined;
  const run = await runWorkloadDrill(context, async (stage) => {
    measured = await measure(stage);
    return {};
  });
  if (measured === undefined) throw new Error('the drill ended before receipts were handed in');
  const { history, switchSeconds } = measured;
  const statuses: Record<string, number> = {};
  for (const { phase, status } of history.submissions) statuses[`${phase} ${status ?? 'none'}`] = (statuses[`${phase} ${status ?? 'none'}`] ?? 0) + 1;
  return judged(run, { findings: judgeNonces(history), extra: { submissions: statuses, switchEverywhereSeconds: switchSeconds } });
};
