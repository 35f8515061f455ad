import { FAILOVER_HANDLERS } from '../../lib/failover/names';
import { namedEnvironment, resourcesOf, templatesOf } from './environments';

interface Statement {
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource?: unknown;
}

const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [value]);

/** `<stack>/<policy without hash>: <action or resource with a wildcard>` of every statement that allows something. */
const wildcards = (environment: string): readonly string[] =>
  [...templatesOf(namedEnvironment(environment))].flatMap(([stack, template]) =>
    [...resourcesOf(template, 'AWS::IAM::Policy')].flatMap(([id, { Properties }]) =>
      (Properties.PolicyDocument as { Statement: readonly Statement[] }).Statement.filter((s) => s.Effect === 'Allow')
        .flatMap((s) => [...list(s.Action), ...list(s.Resource)])
        .map((part) => (typeof part === 'string' ? part : JSON.stringify(part)))
        .filter((part) => part.includes('*'))
        .map((part) => `${stack}/${id.replace(/[0-9A-F]{8}$/, '')}: ${part}`),
    ),
  );

const kubectl = (region: string): string =>
  `${region}-platform/KubernetesClusterKubectlProviderframeworkonEventServiceRoleDefaultPolicy: {"Fn::Join":["",[{"Fn::GetAtt":["KubernetesClusterKubectlProviderHandlerF916491E","Arn"]},":*"]]}`;

const REGION_CODES: Readonly<Record<string, string>> = { 'eu-central-1': 'euc1', 'us-east-1': 'use1' };

/** The database's pods: the objects of each of their repositories, and the key behind each, which a condition on its alias names. */
const repositories = (environment: string, region: string, buckets: readonly string[]): readonly string[] =>
  buckets.flatMap((bucket) => [
    `${region}-platform/BackupAccessRoleDefaultPolicy: {"Fn::Join":["",["arn:aws:s3:::holdfast-${environment}-${REGION_CODES[bucket] ?? ''}-backups-",{"Ref":"AWS::AccountId"},"/*"]]}`,
    `${region}-platform/BackupAccessRoleDefaultPolicy: {"Fn::Join":["",["arn:aws:kms:${bucket}:",{"Ref":"AWS::AccountId"},":key/*"]]}`,
  ]);

/** What makes load balancers: looking has no resource; what is made, changed and deleted carries the tag of the cluster, and so do the groups that pods are registered in. */
const balancers = (region: string): readonly string[] => {
  const policy = `${region}-platform/LoadBalancersRoleDefaultPolicy`;
  const group = `${policy}: {"Fn::Join":["",["arn:aws:ec2:${region}:",{"Ref":"AWS::AccountId"},":security-group/*"]]}`;
  return [...Array.from({ length: 4 }, () => `${policy}: *`), ...Array.from({ length: 3 }, () => group)];
};

/** What renews certificates: certbot looks for the zone among all of the account, and a change has an id only when it was made. */
const renewal = (region: string): readonly string[] =>
  ['*', 'arn:aws:route53:::change/*'].map((resource) => `${region}-platform/CertificateRenewalRoleDefaultPolicy: ${resource}`);

/** Traces have no resources to name; neither have the network interfaces that Lambda makes for the functions that speak with regions, and that their code is denied. */
const takeover = (region: string): readonly string[] => {
  const title = (name: string): string => name.replace(/(?:^|-)([a-z])/g, (_, letter: string) => letter.toUpperCase());
  const policy = (name: string): string => `${region}-failover/${name}RoleDefaultPolicy: *`;
  const inside = ['decider', 'precheck', 'lease', 'drain', 'fence', 'promote', 'repoint', 'verify', 'await-standby', 'abort'];
  return [
    ...FAILOVER_HANDLERS.map((handler) => policy(title(handler))),
    ...inside.map((handler) => policy(title(handler))),
    ...['FailoverMachine', 'FailbackMachine'].map(policy),
  ];
};

/**
 * Experiments act on what carries the environment's tag, which a condition names: instances, and the copies of network ACLs that FIS makes (which copy a subnet is given is the one thing without a condition). Experiments and timers have
 * ids only when they run; looking, traces and a function's network interfaces have no resource at all. Evidence is written below the environment's own prefix.
 */
const drilling = (environment: string, region: string): readonly string[] => {
  const policy = (role: string): string => `${region}-drills/${role}RoleDefaultPolicy`;
  const arn = (service: string, resource: string): string => `{"Fn::Join":["",["arn:aws:${service}:${region}:",{"Ref":"AWS::AccountId"},":${resource}/*"]]}`;
  const evidence = `{"Fn::Join":["",[{"Fn::GetAtt":["EvidenceBucketC67FF768","Arn"]},"/${environment}/*"]]}`;
  return [
    ...['Experiments', 'Run', 'Stop', 'drillmeter', 'drillstart'].map((role) => `${policy(role)}: *`),
    ...['Experiments', 'Run'].map((role) => `${policy(role)}: ${arn('ec2', 'instance')}`),
    ...Array.from({ length: 4 }, () => `${policy('Experiments')}: ${arn('ec2', 'network-acl')}`),
    ...['Run', 'Stop'].map((role) => `${policy(role)}: ${arn('fis', 'experiment')}`),
    `${policy('Run')}: ${arn('scheduler', `schedule/holdfast-${environment}-drills`)}`,
    ...['drillpage', 'drillrecord', 'drillregister'].map((role) => `${policy(role)}: ${evidence}`),
  ];
};

/** The decider looks at executions, whose names exist only when they run. */
const witness = (regions: readonly string[]): readonly string[] => [
  'eu-west-1-witness/DeciderRoleDefaultPolicy: *',
  ...regions.map(
    (region) =>
      `eu-west-1-witness/DeciderRoleDefaultPolicy: {"Fn::Join":["",["arn:",{"Ref":"AWS::Partition"},":states:${region}:",{"Ref":"AWS::AccountId"},":execution:holdfast-production-failover:*"]]}`,
  ),
];

test('IAM policies hold no wildcard but the acknowledged ones', () => {
  const alone = (name: string): readonly string[] => [kubectl('eu-central-1'), ...repositories(name, 'eu-central-1', ['eu-central-1'])];
  expect([...wildcards('dev')].sort()).toEqual([...alone('dev')].sort());
  expect([...wildcards('staging')].sort()).toEqual(
    [...alone('staging'), ...balancers('eu-central-1'), ...renewal('eu-central-1'), ...drilling('staging', 'eu-central-1')].sort(),
  );
  const both = ['eu-central-1', 'us-east-1'];
  expect([...wildcards('production')].sort()).toEqual(
    both
      .flatMap((region) => [kubectl(region), ...repositories('production', region, both), ...balancers(region), ...takeover(region)])
      .concat(witness(both), drilling('production', 'eu-central-1'))
      .sort(),
  );
});
