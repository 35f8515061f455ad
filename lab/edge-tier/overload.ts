/** The drill overload. */
import { tally } from '../../lib/drill/edge/history';
import { judgeOverload, OVERLOAD_FACTOR, type OverloadHistory } from '../../lib/drill/edge/overload';
import { fail, pass, type Finding } from '../../lib/drill/verdict';
import type { WorkloadHistory } from '../../lib/drill/workloads/history';
import { FLOODERS, overLimitAfter, REFUSED_FOR_SECONDS } from '../../lib/topology/budget/constants-edge';
import type { Edge } from '../../lib/topology/types';
import type { Series } from '../../lib/services/exposition';
import type { Procedure } from '../drill/procedures/procedure';
import { behaveAgain, misbehave } from '../faults/misbehaviour';
import { now } from '../meter/clock';
import { judged } from '../workload-tier/outcome';
import { baseOf, workloadPods } from '../workload-tier/pods';
import { pause, runWorkloadDrill, type WorkloadStage } from '../workload-tier/stage';
import { closeCrowd, startFlood, type Flood } from './crowd';
import { gatewayLimitLatency, type AddedLatency } from './gateway-latency';
import { percentileBetween, podSeries } from './pod-metrics';

/** As long as users alone are looked at: some 1,500 requests. */
const ALONE_SECONDS = 30;
const LIMITER_SECONDS = 'backend_limiter_seconds';
const OWN_SECONDS = 'backend_limiter_own_seconds';

export const requireEdge = ({ context }: WorkloadStage): Edge => {
  const { edge, name } = context.lab.environment;
  if (edge === null) throw new Error(`environment "${name}" has no edge`);
  return edge;
};

export const seriesNow = async ({ context: { lab, api }, workload }: WorkloadStage): Promise<readonly Series[]> =>
  podSeries(workload, await workloadPods(lab, api, workload));

/** Ends the flood whatever happens. */
export const besideFlood = async <T>(stage: WorkloadStage, flood: Flood, work: () => Promise<T>): Promise<T> => {
  try {
    const result = await work();
    if (flood.isDead()) throw new Error('the flood ended by itself: see flood.jsonl.stderr');
    return result;
  } finally {
    await flood.stop();
    await closeCrowd(stage.context.lab);
  }
};

/** A user may meet a limit of its own, and comes again when it is told to; the limit of an address would make it wait for longer than it does. */
export const unharmed = ({ attempts, faultAt }: WorkloadHistory): Finding => {
  const failed = attempts.filter((a) => a.start > faultAt && a.outcome !== 'ok' && a.status !== TOO_MANY);
  const [first] = failed;
  const own = attempts.filter((a) => a.start > faultAt && a.status === TOO_MANY).length;
  const detail = `${failed.length} attempts of users failed; ${own} met their own limit`;
  return first === undefined
    ? pass('users-unharmed', detail)
    : fail('users-unharmed', `${detail}; the first: ${first.client}, ${first.stream}: ${first.status ?? first.error ?? 'no answer'}`);
};
const TOO_MANY = 429;

interface Measured {
  readonly gateway: AddedLatency;
  /** Of 99 requests of 100 at most, seconds: beyond a bare question to the cache; in all; and in all while there is a flood. */
  readonly application: { readonly own: number | null; readonly whole: number | null; readonly underFlood: number | null };
  readonly flood: OverloadHistory['flood'];
  readonly floodSeconds: number;
}

/** What the limits add while users are alone, as the pods count it. */
const alone = async (stage: WorkloadStage): Promise<{ readonly before: readonly Series[]; readonly after: readonly Series[] }> => {
  const { lab, api } = stage.context;
  const bases = (await workloadPods(lab, api, stage.workload)).map((pod) => baseOf(stage.workload, pod));
  const before = await seriesNow(stage);
  try {
    for (const base of bases) await misbehave(lab, base, { compareLimits: true });
    await pause(stage, ALONE_SECONDS);
  } finally {
    await behaveAgain(lab);
  }
  return { before, after: await seriesNow(stage) };
};

const measure = async (stage: WorkloadStage): Promise<Measured> => {
  const { context, door } = stage;
  const { limits } = requireEdge(stage);
  const [node] = context.lab.nodes;
  const gateway = await gatewayLimitLatency(door, node === undefined ? '' : (door.gatewaysFor(node)[0] ?? ''));
  const { before, after: calm } = await alone(stage);
  const flood = await startFlood(stage, {
    addresses: FLOODERS,
    what: 'orders',
    requestsPerSecond: (OVERLOAD_FACTOR * limits.waf.requestsPerSecond) / FLOODERS,
  });
  const beganAt = now();
  context.progress(`${flood.addresses.join(', ')} ask for ${OVERLOAD_FACTOR * limits.waf.requestsPerSecond} orders per second`);
  const flooded = await besideFlood(stage, flood, async () => {
    await pause(stage, overLimitAfter(limits.waf, OVERLOAD_FACTOR) + REFUSED_FOR_SECONDS);
    return seriesNow(stage);
  });
  const floodSeconds = now() - beganAt;
  return {
    gateway,
    application: {
      own: percentileBetween(before, calm, OWN_SECONDS, 99),
      whole: percentileBetween(before, calm, LIMITER_SECONDS, 99),
      underFlood: percentileBetween(calm, flooded, LIMITER_SECONDS, 99),
    },
    flood: await flood.stop(),
    floodSeconds,
  };
};

export const overload: Procedure = async (context) => {
  let measured: Measured | undefined;
  const run = await runWorkloadDrill(context, async (stage) => {
    measured = await measure(stage);
    return {};
  });
  if (measured === undefined) throw new Error('the drill ended before the flood did');
  const { gateway, application, ...flooded } = measured;
  const history: OverloadHistory = { ...flooded, addresses: FLOODERS, addedP99: { gateway: gateway.p99, application: application.own } };
  return judged(run, {
    findings: [unharmed(run.history), ...judgeOverload(history, requireEdge(run.stage))],
    extra: {
      floodAnswers: tally(history.flood),
      gatewayLimitSeconds: gateway,
      applicationLimitOwnP99Seconds: application.own,
      applicationLimitP99Seconds: application.whole,
      applicationLimitP99UnderFloodSeconds: application.underFlood,
    },
  });
};
