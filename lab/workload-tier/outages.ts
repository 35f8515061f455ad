/** The drills cache-down and database-down: degraded modes, and the way back. */
import { fail, pass, type Finding } from '../../lib/drill/verdict';
import { streamOf, type WorkloadHistory } from '../../lib/drill/workloads/history';
import { CACHE_DOWN_SECONDS, DATABASE_DOWN_SECONDS, REPLAYED_WITHIN_SECONDS } from '../../lib/topology/budget/constants-workloads';
import type { Procedure, ProcedureContext } from '../drill/procedures/procedure';
import { cutPodFrom, isolatePod } from '../faults/primitives';
import { healEverything } from '../faults/heal';
import { addressesOf, podsOf } from '../health';
import { now } from '../meter/clock';
import type { HttpMeters } from './meters';
import { judged, within } from './outcome';
import { workloadPods } from './pods';
import { queueLength, requireQueueWorkload } from './queue';
import { holdUntil, pause, runWorkloadDrill } from './stage';

export const cacheDown: Procedure = async (context) => {
  const { lab, api, progress } = context;
  const run = await runWorkloadDrill(context, async (stage) => {
    const nodes = addressesOf(await podsOf(api, 'cache'));
    const pods = await workloadPods(lab, api, stage.workload);
    progress(`${pods.length} pods can’t reach any of ${nodes.length} nodes of the cache`);
    for (const pod of pods) await cutPodFrom(pod.node, pod.address, nodes, 'reset');
    await pause(stage, CACHE_DOWN_SECONDS);
    return {};
  });
  const sessions = servedDuring(run.history, 'session', run.history.faultAt + 1, run.history.healedAt);
  return judged(run, {
    findings: [sessions > 0 ? pass('served-without-cache', `${sessions} requests for sessions`) : fail('served-without-cache', 'no request for a session')],
    extra: { sessionsWithoutCache: sessions },
  });
};

const servedDuring = ({ attempts }: WorkloadHistory, stream: string, from: number, to: number): number =>
  attempts.filter((a) => a.stream === stream && a.outcome === 'ok' && a.start > from && a.t < to).length;

/** Every member: who leads can't confirm, and nobody else can be promoted. */
const isolateDatabase = async ({ lab, api }: ProcedureContext): Promise<void> => {
  for (const pod of await podsOf(api, 'postgres')) {
    const node = lab.nodes.find((n) => n.name === pod.spec.nodeName);
    if (node !== undefined && pod.status.podIP !== undefined) await isolatePod(node, pod.status.podIP);
  }
};

/** Acknowledged with 202: kept in Redis until the database returns. */
const queuedKeys = ({ attempts }: WorkloadHistory): readonly string[] =>
  attempts.flatMap((a) => (a.stream === 'event' && a.status === 202 && a.key !== undefined ? [a.key] : []));

const queuedFindings = (history: WorkloadHistory, replayed: number | null): readonly Finding[] => {
  const keys = queuedKeys(history);
  const missing = history.events === null ? null : keys.filter((key) => history.events?.get(key) !== 1);
  return [
    keys.length > 0 ? pass('taken-without-database', `${keys.length} events were taken into Redis`) : fail('taken-without-database', 'no event was taken'),
    ...(missing === null
      ? []
      : [
          missing.length === 0
            ? pass('replayed-once', `all ${keys.length} are stored, each once`)
            : fail('replayed-once', `${missing.length} of ${keys.length} are not stored exactly once`),
        ]),
    within('replayed', replayed, REPLAYED_WITHIN_SECONDS, 'after the database’s return every event was stored'),
  ];
};

/** Waited for so long. */
const DATABASE_BACK_SECONDS = 90;
const isOrderTaken = ({ lastServed, clients }: HttpMeters, since: number): boolean =>
  clients.some((client) => (lastServed.get(streamOf({ client, stream: 'order' }))?.t ?? 0) > since);

export const databaseDown: Procedure = async (context) => {
  const { lab, api, progress } = context;
  let replayed: number | null = null;
  const run = await runWorkloadDrill(context, async (stage) => {
    progress('no member of the database is reached by anybody');
    await isolateDatabase(context);
    await pause(stage, DATABASE_DOWN_SECONDS);
    for (const line of await healEverything(lab)) progress(line);
    const healedAt = now();
    // As users see it: somebody's order is taken again.
    const returned = await holdUntil(stage, DATABASE_BACK_SECONDS, () => Promise.resolve(isOrderTaken(stage.meters, healedAt)));
    progress(returned === null ? 'no order is taken' : `orders are taken ${(returned - healedAt).toFixed(1)} s after the end of the fault`);
    const since = returned ?? healedAt;
    const worker = requireQueueWorkload(lab);
    const length = async (): Promise<number> => queueLength(worker, await workloadPods(lab, api, worker));
    const empty = await holdUntil(stage, REPLAYED_WITHIN_SECONDS + 10, async () => (await length()) === 0, 0.3);
    replayed = empty === null ? null : empty - since;
    return { healedAt };
  });
  return judged(run, {
    // Orders, and looks at them, need the database. What has to go on is what degrades.
    streams: ['event'],
    findings: queuedFindings(run.history, replayed),
    extra: { queuedEvents: queuedKeys(run.history).length, replayedSeconds: replayed },
  });
};
