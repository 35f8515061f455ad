/** The drills load-surge and queue-backlog: the autoscaler adds replicas and takes them away, and nobody notices. */
import { fail, pass, type Finding } from '../../lib/drill/verdict';
import { HTTP_STREAMS, type HttpAttempt, type HttpStream } from '../../lib/drill/workloads/history';
import { workDone } from '../../lib/drill/workloads/measure';
import { parseAttempts } from '../../lib/drill/workloads/parse';
import type { Workload } from '../../lib/topology/types-workloads';
import type { Procedure } from '../drill/procedures/procedure';
import { completeLines } from '../drill/meters';
import { misbehave } from '../faults/misbehaviour';
import { now } from '../meter/clock';
import type { HttpMeterConfiguration } from '../meter/http-configuration';
import { storedWork } from './data';
import { startHttpMeters, type HttpMeters } from './meters';
import { judged, within } from './outcome';
import { baseOf, workloadPods } from './pods';
import { queueLength, requireQueueWorkload } from './queue';
import { deployRelease, isWhole, readRollout } from './rollout';
import { holdUntil, pause, runWorkloadDrill, type WorkloadStage } from './stage';

const UP_WITHIN_SECONDS = 120;
/** The autoscaler waits before it takes replicas away: by default five minutes. */
const DOWN_WITHIN_SECONDS = 400;
const NEVER = 1_000_000;
const silent: HttpMeterConfiguration['every'] = { read: NEVER, fresh: NEVER, order: NEVER, session: NEVER, event: NEVER };
/** Of each user of the crowd, one per zone; below the limit per address. */
const SURGE: HttpMeterConfiguration['every'] = { ...silent, order: 0.1, read: 0.04 };
const FLOOD: HttpMeterConfiguration['every'] = { ...silent, event: 0.03 };
const CROWD_USERS = 300;

const replicas = async ({ context: { api } }: WorkloadStage, { name }: Workload): Promise<number> => (await readRollout(api, name)).spec.replicas ?? 0;

const crowd = ({ context, door }: WorkloadStage, every: HttpMeterConfiguration['every']): HttpMeters =>
  startHttpMeters(context.lab.nodes, door, context.directory, { every, users: CROWD_USERS, label: '-crowd' });

const attemptsOf = async (meters: HttpMeters): Promise<readonly HttpAttempt[]> => parseAttempts(await Promise.all(meters.files.map(completeLines)));

interface Scaled {
  upSeconds: number | null;
  downSeconds: number | null;
  most: number;
}

/** More replicas than at first, all of them serving. @param began when there was a reason for more */
const holdUntilScaledOut = async (stage: WorkloadStage, workload: Workload, before: number, scaled: Scaled, began = now()): Promise<void> => {
  const { api } = stage.context;
  const up = await holdUntil(stage, UP_WITHIN_SECONDS + 30, async () => {
    const rollout = await readRollout(api, workload.name);
    const wanted = rollout.spec.replicas ?? 0;
    scaled.most = Math.max(scaled.most, wanted);
    return wanted > before && isWhole(rollout) && (rollout.status?.availableReplicas ?? 0) > before;
  });
  scaled.upSeconds = up === null ? null : up - began;
  stage.context.progress(`${scaled.most} replicas ${up === null ? 'wanted, not served by in time' : `after ${(up - began).toFixed(1)} s`}`);
};

const holdUntilScaledIn = async (stage: WorkloadStage, workload: Workload, before: number, scaled: Scaled): Promise<void> => {
  const began = now();
  const down = await holdUntil(stage, DOWN_WITHIN_SECONDS + 30, async () => (await replicas(stage, workload)) <= before, 1);
  scaled.downSeconds = down === null ? null : down - began;
};

const scaledFindings = ({ upSeconds, downSeconds }: Scaled): readonly Finding[] => [
  within('scaled-out', upSeconds, UP_WITHIN_SECONDS, 'more replicas served'),
  within('scaled-in', downSeconds, DOWN_WITHIN_SECONDS, 'there were as many replicas as before'),
];

export const loadSurge: Procedure = async (context) => {
  const scaled: Scaled = { upSeconds: null, downSeconds: null, most: 0 };
  const seen: { crowd: readonly HttpAttempt[] } = { crowd: [] };
  const run = await runWorkloadDrill(context, async (stage) => {
    const before = await replicas(stage, stage.workload);
    const meters = crowd(stage, SURGE);
    try {
      await holdUntilScaledOut(stage, stage.workload, before, scaled);
    } finally {
      await meters.stop();
    }
    seen.crowd = await attemptsOf(meters);
    await holdUntilScaledIn(stage, stage.workload, before, scaled);
    return {};
  });
  const failed = seen.crowd.filter((a) => a.final && a.outcome !== 'ok').length;
  const crowdFinding =
    seen.crowd.length === 0
      ? fail('crowd-served', 'the crowd asked for nothing')
      : (failed === 0 ? pass : fail)('crowd-served', `${failed} of ${seen.crowd.length} attempts of the crowd failed for good`);
  return judged(run, {
    findings: [...scaledFindings(scaled), crowdFinding],
    extra: { scaledOutSeconds: scaled.upSeconds, scaledInSeconds: scaled.downSeconds, mostReplicas: scaled.most, crowdAttempts: seen.crowd.length },
  });
};

/** Told to come again later, before anything was taken. */
const slowedDown = (attempts: readonly HttpAttempt[]): number => attempts.filter((a) => a.stream === 'event' && (a.status === 429 || a.status === 503)).length;

interface Backlog {
  readonly longest: number;
  readonly slowed: number;
  readonly acknowledged: number;
  readonly missing: number;
  readonly emptySeconds: number | null;
}

const backlogFindings = (backlog: Backlog, backpressureAt: number): readonly Finding[] => [
  backlog.longest > 0 && backlog.longest <= 2 * backpressureAt
    ? pass('queue-bounded', `${backlog.longest} entries at most; who hands in is told to wait from ${backpressureAt} on`)
    : fail('queue-bounded', `${backlog.longest} entries at most; who hands in is to be told to wait from ${backpressureAt} on`),
  backlog.slowed > 0
    ? pass('backpressure', `${backlog.slowed} times somebody was told to come again later`)
    : fail('backpressure', 'nobody was told to come again later'),
  backlog.missing === 0 && backlog.acknowledged > 0
    ? pass('flood-stored', `all ${backlog.acknowledged} events of the flood that were taken are stored`)
    : fail('flood-stored', `${backlog.missing} of ${backlog.acknowledged} events of the flood are missing`),
  within('queue-empty', backlog.emptySeconds, UP_WITHIN_SECONDS, 'the queue was empty'),
];

/** In a release that queues everything some entries are always on their way. */
const NEARLY_EMPTY = 10;

/** Nobody takes from the queue, and much comes in: until the queue is as long as it may be, and there are more replicas. */
const buildUp = async (
  stage: WorkloadStage,
  worker: Workload,
  before: number,
  scaled: Scaled,
): Promise<{ readonly longest: number; readonly flood: readonly HttpAttempt[] }> => {
  const { context } = stage;
  const began = now();
  const meters = crowd(stage, FLOOD);
  let longest = 0;
  const look = async (): Promise<number> => {
    const length = await queueLength(worker, await workloadPods(context.lab, context.api, worker));
    longest = Math.max(longest, length);
    return length;
  };
  try {
    await holdUntil(stage, 60, async () => (await look()) >= (worker.scaling.queue?.backpressureAt ?? Infinity));
    await pause(stage, 3);
    await look();
    await holdUntilScaledOut(stage, worker, before, scaled, began);
  } finally {
    await meters.stop();
  }
  return { longest, flood: await attemptsOf(meters) };
};

const WITHOUT_EVENTS: readonly HttpStream[] = HTTP_STREAMS.filter((stream) => stream !== 'event');

export const queueBacklog: Procedure = async (context) => {
  const { lab, api, seed, progress } = context;
  const scaled: Scaled = { upSeconds: null, downSeconds: null, most: 0 };
  const next = `queued-${seed}`;
  // Not always the one that users reach: that may only feed the queue, and does so anyway.
  const worker = requireQueueWorkload(lab);
  let backlog: Backlog = { longest: 0, slowed: 0, acknowledged: 0, missing: 0, emptySeconds: null };
  const run = await runWorkloadDrill(context, async (stage) => {
    const { door, leader } = stage;
    progress(`deploys a release of ${worker.name} that takes every event into the queue, and none out of it`);
    // Not told to the pods that are there: those that the autoscaler adds would take from the queue.
    await deployRelease(lab, api, worker.name, { RELEASE: next, EVENT_INTAKE: 'queue', FAULTS_INITIAL: '{"drainPerSecond":0}' });
    await holdUntil(stage, 180, async () => isWhole(await readRollout(api, worker.name)));
    const before = await replicas(stage, worker);
    const { longest, flood } = await buildUp(stage, worker, before, scaled);
    for (const pod of await workloadPods(lab, api, worker)) await misbehave(lab, baseOf(worker, pod), {});
    const began = now();
    const empty = await holdUntil(stage, UP_WITHIN_SECONDS, async () => (await queueLength(worker, await workloadPods(lab, api, worker))) <= NEARLY_EMPTY);
    // What was on its way is stored meanwhile.
    await pause(stage, 3);
    const { events } = await storedWork(lab, leader, door.prefix);
    const work = workDone(flood, 'event', events);
    backlog = {
      longest,
      slowed: slowedDown(flood),
      acknowledged: work.acknowledged,
      missing: work.missing?.length ?? 0,
      emptySeconds: empty === null ? null : empty - began,
    };
    await holdUntilScaledIn(stage, worker, before, scaled);
    return {};
  });
  const { release } = run.stage;
  return judged(run, {
    streams: WITHOUT_EVENTS,
    releases: { allowed: [release, next], atEnd: release },
    findings: [...scaledFindings(scaled), ...backlogFindings(backlog, worker.scaling.queue?.backpressureAt ?? 0)],
    extra: {
      longestQueue: backlog.longest,
      slowedDown: backlog.slowed,
      queueEmptySeconds: backlog.emptySeconds,
      scaledOutSeconds: scaled.upSeconds,
      scaledInSeconds: scaled.downSeconds,
      mostReplicas: scaled.most,
    },
  });
};
