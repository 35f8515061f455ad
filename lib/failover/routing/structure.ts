/** What has to be true of the records in every state of health, and what would make the evaluation meaningless. */
import type { Expectation } from './expectation';
import type { ReadZone } from './template';
import type { HealthCheck, RecordSet } from './types';
import type { RoutingViolation } from './violation';

const found = (rule: string, where: string, message: string): RoutingViolation => ({ rule, where, message, cases: 0 });

const placeOf = ({ routing }: RecordSet): string => {
  if (routing.kind === 'geolocation') return routing.continent === '*' ? 'clients of every other place' : `clients in ${routing.continent}`;
  return 'every client';
};

const recordViolations = (record: RecordSet, { zoneId }: Expectation): readonly RoutingViolation[] => [
  ...(record.zoneId === zoneId ? [] : [found('one-zone', record.id, `lies in the zone ${record.zoneId}; the environment's zone is ${zoneId}`)]),
  // For failover records Route 53 demands it (API reference, ResourceRecordSet, Failover); for the others a branch that is down could not be backed out of.
  ...(record.target.kind === 'record' && !record.target.evaluateTargetHealth
    ? [
        found(
          'aliases-evaluate-their-target',
          record.id,
          `EvaluateTargetHealth is off in ${record.name} (${record.routing.kind === 'failover' ? record.routing.role : record.routing.kind}): ${placeOf(record)} would be sent to ${record.target.name} even when every record there is unhealthy; set it to true`,
        ),
      ]
    : []),
];

/** Two records that Route 53 would not accept beside each other. */
const groupViolations = (records: readonly RecordSet[]): readonly RoutingViolation[] =>
  records.flatMap((record, i) => {
    const rival = records.slice(0, i).find((other) => other.name === record.name && other.type === record.type && clash(other, record));
    return rival === undefined
      ? []
      : [found('records-differ', record.id, `cannot exist beside ${rival.id}: both are ${record.type} records of ${record.name} with ${describe(record)}`)];
  });

const clash = (a: RecordSet, b: RecordSet): boolean => a.routing.kind !== b.routing.kind || describe(a) === describe(b);
const describe = ({ routing }: RecordSet): string => {
  if (routing.kind === 'simple') return 'simple routing';
  return routing.kind === 'failover' ? `failover ${routing.role}` : `the place ${routing.continent}`;
};

/** Route 53 refuses such an alias, so the deployment would fail half way. */
const leadNowhere = (records: readonly RecordSet[]): readonly RoutingViolation[] =>
  records.flatMap(({ id, type, target }) =>
    target.kind !== 'record' || records.some((other) => other.name === target.name && other.type === type)
      ? []
      : [found('aliases-lead-somewhere', id, `is an alias of ${target.name}, which has no ${type} record`)],
  );

/** Whoever comes through CloudFront follows a failover only if CloudFront itself asks the tree, and nobody else. */
const edgeViolations = ({ edge, records }: ReadZone, { application, writer }: Expectation): readonly RoutingViolation[] =>
  edge.flatMap(({ id, name, origins }) => [
    ...origins
      .filter((origin) => origin !== application && origin !== writer)
      .map((origin) =>
        found('the-edge-asks-the-tree', id, `${name} leads to CloudFront, which asks ${origin}; a failover moves ${application} and ${writer} only`),
      ),
    ...(records.some((record) => record.name === name)
      ? [found('the-edge-asks-the-tree', id, `${name} is also a name of the tree: clients would get either, and CloudFront itself`)]
      : []),
  ]);

/** Checks that are asked for and do not exist: the evaluation could not go on. */
export const missingChecks = ({ records, checks }: ReadZone): readonly RoutingViolation[] => {
  const known = new Set(checks.map((check) => check.id));
  const asked = [
    ...records.flatMap((record) => (record.healthCheck === undefined ? [] : [[record.id, record.healthCheck] as const])),
    ...checks.flatMap((check) => (check.kind === 'calculated' ? check.children.map((child) => [check.id, child] as const) : [])),
  ];
  return asked
    .filter(([, id]) => !known.has(id))
    .map(([where, id]) => found('checks-exist', where, `asks for the health check ${id}, which is in none of the templates`));
};

/** The budgets count with the model's figures. */
const timingViolations = (check: HealthCheck, { probes }: Expectation): readonly RoutingViolation[] => {
  if (check.kind !== 'probe') return [];
  const { interval, failureThreshold, searchString } = check.probe;
  const threshold = searchString === undefined ? probes.failureThreshold : probes.switchThreshold;
  if (interval === probes.interval && failureThreshold === threshold) return [];
  return [
    found(
      'checks-are-timed-as-modelled',
      check.id,
      `probes every ${interval} s and changes after ${failureThreshold}; the model says ${probes.interval} s and ${threshold}`,
    ),
  ];
};

export const structureViolations = (zone: ReadZone, expectation: Expectation): readonly RoutingViolation[] => [
  ...zone.problems.map((problem) => found('templates-are-understood', problem.split(':')[0] ?? 'templates', problem)),
  ...edgeViolations(zone, expectation),
  ...zone.records.flatMap((record) => recordViolations(record, expectation)),
  ...groupViolations(zone.records),
  ...leadNowhere(zone.records),
  ...missingChecks(zone),
  ...zone.checks.flatMap((check) => timingViolations(check, expectation)),
];
