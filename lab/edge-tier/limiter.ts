/** The drill limiter-loses-state. */
import { tally } from '../../lib/drill/edge/history';
import { judgeLimiter, servedPerSecond, type LimiterHistory, type Phase } from '../../lib/drill/edge/limiter';
import { fail, pass, type Finding } from '../../lib/drill/verdict';
import { LIMITER_AWAY_SECONDS } from '../../lib/topology/budget/constants-edge';
import type { Procedure } from '../drill/procedures/procedure';
import { now } from '../meter/clock';
import { judged } from '../workload-tier/outcome';
import { workloadPods } from '../workload-tier/pods';
import { pause, runWorkloadDrill, type WorkloadStage } from '../workload-tier/stage';
import { startFlood } from './crowd';
import { besideFlood, requireEdge } from './overload';
import { forgetLimits, giveRedisBack, takeRedisAway } from './redis';

/** So many times its limit the user asks. */
const GREED = 8;
/** Until the pods know that Redis is away. */
const NOTICED_SECONDS = 3;
/** The first part of the warm-up, in which limits are near their half. */
const WARMING_SHARE = 0.3;
const MARGIN_SECONDS = 2;

/** The user looks for one order: the endpoint's limit is the one that it meets. */
const userLimit = (stage: WorkloadStage): number => {
  const { limits } = requireEdge(stage);
  return Math.min(limits.user.requestsPerSecond, limits.endpoint.requestsPerSecond);
};

interface Phases {
  readonly steady: Phase;
  readonly away: Phase;
  readonly warming: Phase;
  readonly warm: Phase;
  /** When the pods used Redis again; null: not in time. */
  readonly returnedAt: number | null;
}

const phaseOf = async (stage: WorkloadStage, seconds: number): Promise<Phase> => {
  const from = now();
  await pause(stage, seconds);
  return { from, to: now() };
};

const carryOut = async (stage: WorkloadStage): Promise<Phases> => {
  const { warmUp } = requireEdge(stage);
  await pause(stage, MARGIN_SECONDS);
  const steady = await phaseOf(stage, LIMITER_AWAY_SECONDS);
  await takeRedisAway(stage);
  await pause(stage, NOTICED_SECONDS);
  const away = await phaseOf(stage, LIMITER_AWAY_SECONDS);
  await forgetLimits(stage);
  const returnedAt = await giveRedisBack(stage);
  stage.context.progress(returnedAt === null ? 'the pods have not found Redis again' : 'the pods use Redis again');
  const warming = await phaseOf(stage, warmUp * WARMING_SHARE);
  await pause(stage, warmUp * (1 - WARMING_SHARE) + MARGIN_SECONDS);
  return { steady, away, warming, warm: await phaseOf(stage, LIMITER_AWAY_SECONDS), returnedAt };
};

const returned = (at: number | null): Finding =>
  at === null ? fail('redis-used-again', 'the pods did not use Redis again in time') : pass('redis-used-again', 'every pod uses Redis again');

interface Measured {
  readonly history: LimiterHistory;
  readonly returnedAt: number | null;
}

const measure = async (stage: WorkloadStage): Promise<Measured> => {
  const { lab, api } = stage.context;
  const pods = (await workloadPods(lab, api, stage.workload)).length;
  const flood = await startFlood(stage, { addresses: 1, what: 'greedy-user', requestsPerSecond: GREED * userLimit(stage) });
  const { returnedAt, ...phases } = await besideFlood(stage, flood, () => carryOut(stage));
  return { history: { greedy: await flood.stop(), ...phases, pods }, returnedAt };
};

export const limiterLosesState: Procedure = async (context) => {
  let measured: Measured | undefined;
  const run = await runWorkloadDrill(context, async (stage) => {
    measured = await measure(stage);
    return {};
  });
  if (measured === undefined) throw new Error('the drill ended before the limiter was looked at');
  const { history, returnedAt } = measured;
  const phases = ['steady', 'away', 'warming', 'warm'] as const;
  return judged(run, {
    findings: [returned(returnedAt), ...judgeLimiter(history, requireEdge(run.stage), userLimit(run.stage))],
    extra: {
      servedPerSecond: Object.fromEntries(phases.map((phase) => [phase, servedPerSecond(history, history[phase])])),
      greedyAnswers: tally(history.greedy),
    },
  });
};
