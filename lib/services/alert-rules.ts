/** What people are told about workloads, as Prometheus reads it: a group of rules for each workload, every alert with its severity and the requirements that it serves. */
import { stringify } from 'yaml';
import { APPLICATION_NAMESPACE } from '../topology/derive';
import type { Environment } from '../topology/types';
import type { Severity, Workload, WorkloadAlert } from '../topology/types-workloads';
import { minutes, seconds } from '../topology/units';
import { certificateAlerts, clockAlerts } from './certificate-alerts';
import { promqlProblem } from './promql';

export const ALERT_RULES_FILE = 'workloads.rules.yaml';

export interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  readonly for: string;
  readonly labels: { readonly severity: Severity; readonly requirements: string; readonly workload: string };
  readonly annotations: { readonly summary: string };
}
export interface RuleGroup {
  readonly name: string;
  readonly rules: readonly AlertRule[];
}

/** `shop-api` -> `ShopApi`: alerts are named in upper camel case. */
const camel = (name: string): string => name.replaceAll(/(?:^|-)([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());

/** Memory that can't be given back, of each container, in percent of its limit. */
const memoryShare = ({ name, resources }: Workload): string =>
  `100 * max by (pod) (container_memory_working_set_bytes{namespace="${APPLICATION_NAMESPACE}",container="${name}"}) / ${resources.memoryLimit * 1024 ** 2}`;

const memoryAlerts = (workload: Workload): readonly WorkloadAlert[] => {
  const { name, memory } = workload;
  return [
    {
      name: `${camel(name)}Memory`,
      requirements: ['CS-7', 'NR-6'],
      severity: 'SEV-3',
      expression: `${memoryShare(workload)} > ${memory.warnPercent}`,
      for: minutes(2),
      summary: `A pod of ${name} uses more than ${memory.warnPercent} % of its memory; at ${memory.restartPercent} % it is replaced.`,
    },
    {
      name: `${camel(name)}MemoryCritical`,
      requirements: ['CS-7', 'NR-6'],
      severity: 'SEV-2',
      expression: `${memoryShare(workload)} > ${memory.restartPercent}`,
      for: minutes(1),
      summary: `A pod of ${name} uses more than ${memory.restartPercent} % of its memory for a minute, and has not been replaced: look at the memory keeper.`,
    },
  ];
};

/** What every workload is watched for: NR-6 (crash, CPU, memory), PO-2 (crash), CS-7, PW-1, PW-5. */
const commonAlerts = (workload: Workload): readonly WorkloadAlert[] => {
  const { name, scaling, resources } = workload;
  const cpu = `sum by (pod) (rate(container_cpu_usage_seconds_total{namespace="${APPLICATION_NAMESPACE}",container="${name}"}[5m]))`;
  const scraped: readonly WorkloadAlert[] =
    workload.metrics === null
      ? []
      : [
          {
            name: `${camel(name)}PodDown`,
            requirements: ['NR-1', 'NR-6', 'PW-1', 'PO-2'],
            severity: 'SEV-2',
            expression: 'count(up{job="$job"} == 1) < ' + String(scaling.min),
            for: seconds(30),
            summary: `Fewer than ${scaling.min} pods of ${name} answer; the others serve. A crash leaves its report in the pod.`,
          },
          {
            name: `${camel(name)}Gone`,
            requirements: ['NR-6', 'PO-2', 'PW-10'],
            severity: 'SEV-1',
            expression: 'absent(up{job="$job"} == 1)',
            for: seconds(30),
            summary: `No pod of ${name} answers, or nobody asks: every other alert of ${name} is silent until then.`,
          },
        ];
  const queued: readonly WorkloadAlert[] =
    scaling.queue === null
      ? []
      : [
          {
            name: `${camel(name)}Backpressure`,
            requirements: ['PW-5', 'NR-6'],
            severity: 'SEV-3',
            expression: `max(${scaling.queue.metric}{job="$job"}) >= ${scaling.queue.backpressureAt}`,
            for: minutes(1),
            summary: `The queue of ${name} is ${scaling.queue.backpressureAt} long: who fills it is told to slow down, although replicas were added up to ${scaling.max}.`,
          },
        ];
  return [
    ...scraped,
    ...memoryAlerts(workload),
    {
      name: `${camel(name)}Restarts`,
      requirements: ['NR-6', 'CS-7', 'PO-2'],
      severity: 'SEV-4',
      expression: `changes(container_start_time_seconds{namespace="${APPLICATION_NAMESPACE}",container="${name}"}[10m]) > 0`,
      for: seconds(0),
      summary: `A container of ${name} was started again: the kernel killed it for its memory, or it crashed.`,
    },
    {
      name: `${camel(name)}Cpu`,
      requirements: ['NR-6'],
      severity: 'SEV-3',
      expression: `100 * ${cpu} / ${resources.cpuLimit / 1000} > 80`,
      for: minutes(5),
      summary: `A pod of ${name} uses more than 80 % of its CPU for 5 minutes.`,
    },
    ...queued,
  ];
};

/** P3-5: of the environment's cache, whatever uses it. */
const cacheAlerts = ({ cache }: Environment): readonly WorkloadAlert[] =>
  cache === null
    ? []
    : [
        {
          name: 'CacheMemory',
          requirements: ['P3-5', 'CS-7'],
          severity: 'SEV-2',
          expression: `100 * max by (pod) (holdfast_cache_memory_used_bytes / holdfast_cache_memory_max_bytes) > ${cache.memoryAlertPercent}`,
          for: minutes(1),
          summary: `A node of the cache uses more than ${cache.memoryAlertPercent} % of its memory: writes are refused when it is full (\`holdfast cache status\`).`,
        },
      ];

const ruleOf = (alert: WorkloadAlert, workload: string): AlertRule => ({
  alert: alert.name,
  expr: alert.expression.replaceAll('$job', workload),
  for: `${alert.for}s`,
  labels: { severity: alert.severity, requirements: alert.requirements.join(','), workload },
  annotations: { summary: alert.summary },
});

/** Prometheus refuses a file of which one expression is wrong, and then tells of nothing any more. */
const assertReadable = (groups: readonly RuleGroup[]): readonly RuleGroup[] => {
  const wrong = groups.flatMap(({ name, rules }) =>
    rules.flatMap(({ alert, expr }) => {
      const problem = promqlProblem(expr);
      return problem === null ? [] : [`  ${name}, ${alert}: ${expr}\n    ${problem}`];
    }),
  );
  if (wrong.length > 0)
    throw new Error(`alerts whose expression is no PromQL (allowed: what Prometheus accepts; try it there, then copy it):\n${wrong.join('\n')}`);
  return groups;
};

/** The job of a workload's pods is to be its name. @throws Error with every expression that is no PromQL */
export const ruleGroups = (environment: Environment): readonly RuleGroup[] => {
  if (environment.workloads.length === 0) return [];
  const group = (name: string, alerts: readonly WorkloadAlert[]): readonly RuleGroup[] =>
    alerts.length === 0 ? [] : [{ name, rules: alerts.map((alert) => ruleOf(alert, name)) }];
  return assertReadable([
    ...environment.workloads.flatMap((workload) => group(workload.name, [...commonAlerts(workload), ...workload.alerts])),
    ...group('cache', cacheAlerts(environment)),
    ...group('certificates', certificateAlerts(environment)),
    ...group('clocks', clockAlerts(environment)),
  ]);
};

/** A rules file of Prometheus. */
export const alertRulesFile = (environment: Environment): string => stringify({ groups: ruleGroups(environment) }, { lineWidth: 0 });
