/** A plan for people. */
import type { Budget } from '../lib/topology/budget';
import { cascadeLines, cascadeNotes } from './cascade-text';
import type { Plan, RegionPlan } from './plan';
import { columns, type Paint } from './terminal';

const DAY = 86_400;

const regionLines = (region: RegionPlan, paint: Paint): readonly string[] => {
  const { nodes, network } = region;
  const rows = [
    ['zones', region.zones.join(', ')],
    [
      'network',
      `VPC ${network.vpcCidr}, services ${network.serviceCidr}, ${network.natGateways === 'one' ? 'one NAT gateway' : 'a NAT gateway per zone'}, flow logs ${network.flowLogRetentionDays} days`,
    ],
    ['Kubernetes', `${nodes.kubernetes}, ${nodes.total} nodes ${nodes.instanceType} (${nodes.perZone} per zone)`],
    ['etcd', region.etcd.join(', ')],
    ['PostgreSQL', `${region.postgres.join(', ')}${region.role === 'standby' ? ', following the home region' : ''}`],
    ['PgBouncer', `${region.poolers}, each with a leader follower${region.role === 'standby' ? '; writes are forwarded to the home region' : ''}`],
    ...region.notYet.map((what) => ['not yet', paint('yellow', `${what}: on AWS not in this release`)]),
  ];
  return [`${paint('bold', region.name)} (${region.role})`, ...columns(rows).map((line) => `  ${line}`)];
};

const seconds = (n: number): string => n.toFixed(1);

const budgetRow = ({ scenario, lowerSeconds, upperSeconds, objective, loss }: Budget): readonly string[] => [
  scenario,
  `${seconds(lowerSeconds)} to ${seconds(upperSeconds)} s`,
  `${seconds(objective.rto)} s`,
  loss.seconds === null ? 'replication lag' : `${loss.seconds} s`,
  `${objective.rpo} s`,
];

const stageLines = (budget: Budget, paint: Paint): readonly string[] => [
  `  ${paint('bold', budget.scenario)}`,
  ...columns(budget.stages.map((stage) => ['', stage.name, `${stage.lower.toFixed(2)} to ${stage.upper.toFixed(2)} s`, stage.source])).map(
    (line) => `  ${line}`,
  ),
];

export const planText = (plan: Plan, options: { readonly paint: Paint; readonly stages: boolean }): string => {
  const { paint } = options;
  const { backups, certificates } = plan;
  const kept = `${backups.retentionDays} days${backups.objectLockDays > 0 ? `, locked ${backups.objectLockDays} days` : ''}${backups.replicateToStandby ? ', copied to the standby region' : ''}`;
  const heading = columns([
    ['account', plan.account ?? 'that of the credentials at deployment'],
    [
      'commits',
      plan.synchronousMode === 'strict' ? 'acknowledged once a standby in another zone has them on disk' : 'acknowledged before any standby has them',
    ],
    ['backups', kept],
    ['certificates', `live ${certificates.lifetime / DAY} days, renewed ${certificates.renewBefore / DAY} days before`],
    ['deletion', plan.retainData ? 'data outlives its stacks' : paint('yellow', 'data is deleted with its stacks')],
  ]);
  const table = columns([['scenario', 'writes stop for', 'objective', 'loss', 'objective'], ...plan.budgets.map(budgetRow)], [1, 2, 3, 4]);
  return [
    paint('bold', `environment ${plan.environment}`),
    ...heading.map((line) => `  ${line}`),
    ...plan.regions.flatMap((region) => regionLines(region, paint)),
    paint('bold', 'budget'),
    ...table.map((line, i) => `  ${i === 0 ? paint('dim', line) : line}`),
    ...(plan.limits === null ? [] : [paint('bold', 'limits'), ...[...cascadeLines(plan.limits), ...cascadeNotes(plan.limits)].map((line) => `  ${line}`)]),
    ...(options.stages ? [paint('bold', 'stages'), ...plan.budgets.flatMap((budget) => stageLines(budget, paint))] : []),
  ].join('\n');
};
