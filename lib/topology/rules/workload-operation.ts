import type { Probe } from '../types-workloads';
import { when, type Finding, type Rule } from './rule';
import { alertsAreReadable } from './workload-alerts';
import { connectionsFitThePoolers, workloadsFitWithAZoneLost } from './workload-capacity';
import { workloadRule } from './workloads';

/** PW-1: a pod that fails is sent nothing after so long. The gateway finds a dead one in seconds; this is for one that says itself that it is not ready. */
const OUT_OF_ROTATION_SECONDS = 30;
const KINDS = ['readiness', 'liveness', 'startup'] as const;
/** Until so many failures in a row have been seen, at worst. */
export const noticedAfter = ({ period, timeout, failures }: Probe): number => failures * period + timeout;

const wholeProbe = (at: string, { period, timeout, failures }: Probe): readonly Finding[] => [
  ...(['period', 'timeout'] as const).flatMap((field) => {
    const value = field === 'period' ? period : timeout;
    return when(value < 1 || !Number.isInteger(value), () => ({
      path: `${at}.${field}`,
      given: `${value} s`,
      allowed: 'whole seconds, at least 1: the kubelet counts in them',
      fix: field === 'period' ? 'use seconds(5)' : 'use seconds(2)',
    }));
  }),
  ...when(failures < 1, () => ({ path: `${at}.failures`, given: String(failures), allowed: 'at least 1: with 0 nothing is ever noticed', fix: 'use 3' })),
  ...when(timeout > period, () => ({
    path: `${at}.timeout`,
    given: `${timeout} s with a period of ${period} s`,
    allowed: 'at most the period',
    fix: `use seconds(${Math.max(1, Math.floor(period))})`,
  })),
];

export const workloadsAreLookedAfter: Rule = workloadRule(
  'workload-is-looked-after',
  `Each workload is probed: one that is not ready is sent nothing after at most ${OUT_OF_ROTATION_SECONDS} s, and one failed request restarts nothing.`,
  ({ probes }, at) => [
    ...KINDS.flatMap((kind) => wholeProbe(at(`probes.${kind}`), probes[kind])),
    ...when(noticedAfter(probes.readiness) > OUT_OF_ROTATION_SECONDS, () => ({
      path: at('probes.readiness'),
      given: `${noticedAfter(probes.readiness)} s until a pod is out of rotation (${probes.readiness.failures} x ${probes.readiness.period} s + ${probes.readiness.timeout} s)`,
      allowed: `at most ${OUT_OF_ROTATION_SECONDS} s`,
      fix: 'use period 5 s, timeout 2 s, failures 3',
    })),
    ...when(probes.liveness.failures < 2, () => ({
      path: at('probes.liveness.failures'),
      given: String(probes.liveness.failures),
      allowed: 'at least 2: one slow answer is no freeze',
      fix: 'use 3',
    })),
    ...when(noticedAfter(probes.liveness) <= noticedAfter(probes.readiness), () => ({
      path: at('probes.liveness'),
      given: `${noticedAfter(probes.liveness)} s until a restart, ${noticedAfter(probes.readiness)} s until it is out of rotation`,
      allowed: 'out of rotation first',
      fix: 'use a liveness period of 10 s with 3 failures',
    })),
  ],
);

export const workloadLimitsCoverRequests: Rule = workloadRule(
  'workload-limits-cover-requests',
  'What a workload may use is not less than what it asks for: Kubernetes refuses such a pod.',
  ({ resources }, at) => [
    ...when(resources.cpuLimit < resources.cpu, () => ({
      path: at('resources.cpuLimit'),
      given: `${resources.cpuLimit}m with a request of ${resources.cpu}m`,
      allowed: '>= cpu',
      fix: `use millicores(${resources.cpu}) or more`,
    })),
    ...when(resources.memoryLimit < resources.memory, () => ({
      path: at('resources.memoryLimit'),
      given: `${resources.memoryLimit} MiB with a request of ${resources.memory} MiB`,
      allowed: '>= memory',
      fix: `use mebibytes(${resources.memory}) or more`,
    })),
  ],
);

export const memoryThresholdsAscend: Rule = workloadRule(
  'memory-thresholds-ascend',
  'People are told of memory before a pod is replaced, and it is replaced before more are added; all of it before the kernel kills.',
  ({ memory: { warnPercent, restartPercent, scaleOutPercent } }, at) =>
    when(!(1 <= warnPercent && warnPercent < restartPercent && restartPercent < scaleOutPercent && scaleOutPercent < 100), () => ({
      path: at('memory'),
      given: `warn at ${warnPercent} %, restart at ${restartPercent} %, scale out at ${scaleOutPercent} %`,
      allowed: '1 <= warnPercent < restartPercent < scaleOutPercent < 100',
      fix: 'use 70, 85 and 95',
    })),
);

export const replicasSurviveAZone: Rule = workloadRule(
  'replicas-survive-a-zone',
  'There are at least 3 replicas, one per AZ and more, and no upper bound below the lower one.',
  ({ scaling: { min, max } }, at, { regions }) => {
    const least = Math.max(3, ...regions.map(({ zones }) => zones.length));
    return [
      ...when(min < least, () => ({ path: at('scaling.min'), given: String(min), allowed: `at least ${least}: one per AZ, and 3`, fix: `use ${least}` })),
      ...when(max < min, () => ({ path: at('scaling.max'), given: `${max} with a minimum of ${min}`, allowed: '>= min', fix: `use ${min} or more` })),
    ];
  },
);

export const queuesPushBack: Rule = workloadRule(
  'queues-push-back',
  'What adds replicas is more than nothing, and those who fill a queue are told to slow down only when more replicas would not be enough.',
  ({ scaling: { queue, cpuPercent, requestsPerSecond, min, max } }, at) => [
    ...when(cpuPercent !== null && (cpuPercent < 1 || cpuPercent > 100), () => ({
      path: at('scaling.cpuPercent'),
      given: String(cpuPercent),
      allowed: '1 to 100 % of the request, or null',
      fix: 'use 70',
    })),
    ...when(requestsPerSecond !== null && requestsPerSecond <= 0, () => ({
      path: at('scaling.requestsPerSecond'),
      given: String(requestsPerSecond),
      allowed: '> 0, or null',
      fix: 'use what one pod can answer, or null',
    })),
    ...(queue === null
      ? []
      : [
          ...when(!/^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(queue.metric), () => ({
            path: at('scaling.queue.metric'),
            given: JSON.stringify(queue.metric),
            allowed: 'the name of a Prometheus metric',
            fix: 'use letters, digits and underscores',
          })),
          ...when(queue.perReplica < 1, () => ({
            path: at('scaling.queue.perReplica'),
            given: String(queue.perReplica),
            allowed: 'at least 1',
            fix: 'use what one replica works off in a minute',
          })),
          ...when(queue.backpressureAt < queue.perReplica * Math.max(1, min), () => ({
            path: at('scaling.queue.backpressureAt'),
            given: `${queue.backpressureAt} with ${queue.perReplica} per replica and at least ${min} replicas`,
            allowed: `at least ${queue.perReplica * Math.max(1, min)}: below, nobody could ever fill the queue so far that a replica is added`,
            fix: `use ${queue.perReplica * Math.max(1, max)}, as much as the most replicas are for`,
          })),
        ]),
  ],
);

export const drainsEndBeforeTheGrace: Rule = workloadRule(
  'drains-end-before-the-grace',
  'A pod has left before it is killed: preStop and the drain together take less than the termination grace, in whole seconds.',
  ({ drain: { preStop, timeout, grace } }, at) => [
    ...when(preStop + timeout >= grace, () => ({
      path: at('drain'),
      given: `preStop ${preStop} s + timeout ${timeout} s with a grace of ${grace} s`,
      allowed: `a grace of more than ${preStop + timeout} s: at its end the kernel kills, whatever is under way`,
      fix: `use grace: seconds(${Math.ceil(preStop + timeout) + 5}), or a shorter timeout`,
    })),
    ...when(!Number.isInteger(preStop) || !Number.isInteger(grace), () => ({
      path: at('drain'),
      given: `preStop ${preStop} s, grace ${grace} s`,
      allowed: 'whole seconds: Kubernetes counts in them',
      fix: `use preStop: seconds(${Math.ceil(preStop)}), grace: seconds(${Math.ceil(grace)})`,
    })),
  ],
);

export const releasesAreJudged: Rule = workloadRule(
  'releases-are-judged',
  'A release has the time to start and to be analysed before it counts as stuck, its analysis measures more than once, and there is one to go back to.',
  ({ probes: { startup, readiness }, rollout: { progressDeadline, formerStays, analysis, keepReleases }, drain }, at) => {
    const needed = Math.ceil(startup.period * startup.failures + readiness.period + analysis.duration);
    return [
      ...when(progressDeadline < needed, () => ({
        path: at('rollout.progressDeadline'),
        given: `${progressDeadline} s; a start may take ${startup.period * startup.failures} s, readiness ${readiness.period} s, the analysis ${analysis.duration} s`,
        allowed: `at least ${needed} s`,
        fix: `use seconds(${needed + 20}), or a shorter start (probes.startup)`,
      })),
      ...when(analysis.interval <= 0 || analysis.duration < 2 * analysis.interval, () => ({
        path: at('rollout.analysis'),
        given: `${analysis.duration} s with a measurement every ${analysis.interval} s`,
        allowed: 'an interval > 0, and at least two of them',
        fix: 'use duration 60 s, interval 5 s',
      })),
      ...when(analysis.maxErrorPercent >= 100 || analysis.maxP99 <= 0, () => ({
        path: at('rollout.analysis'),
        given: `maxErrorPercent ${analysis.maxErrorPercent}, maxP99 ${analysis.maxP99} s`,
        allowed: 'less than 100 % of errors, and a maxP99 > 0: otherwise every release passes, or none',
        fix: 'use 1 and seconds(0.5)',
      })),
      ...when(formerStays < drain.preStop, () => ({
        path: at('rollout.formerStays'),
        given: `${formerStays} s with a preStop of ${drain.preStop} s`,
        allowed: 'at least preStop: those who send requests learn of the new release meanwhile',
        fix: `use seconds(${Math.max(30, drain.preStop)})`,
      })),
      ...when(keepReleases < 1, () => ({
        path: at('rollout.keepReleases'),
        given: String(keepReleases),
        allowed: 'at least 1: the one to go back to',
        fix: 'use 5',
      })),
    ];
  },
);

/** In the order in which violations are reported. */
export const WORKLOAD_OPERATION_RULES: readonly Rule[] = [
  workloadsAreLookedAfter,
  workloadLimitsCoverRequests,
  memoryThresholdsAscend,
  replicasSurviveAZone,
  queuesPushBack,
  drainsEndBeforeTheGrace,
  releasesAreJudged,
  workloadsFitWithAZoneLost,
  connectionsFitThePoolers,
  alertsAreReadable,
];
