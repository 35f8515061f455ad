/**
 * Fails a synthesis whose failover path would need a control plane, or the region that is lost: from the rights of its roles in the templates, and from the calls that
 * its bundles hold. Pure.
 */
import { switchBucketName } from './names';
import { CARRIED_BY_THE_SDK, DATA_PLANES, DEPLOYMENT_RIGHTS, IAM_ACTION, IAM_PREFIX } from './data-planes';
import { flatten, isObject, listOf, policiesIn, type Policy, type Statement, type StackTemplate } from './iam-policies';

export interface PathFinding {
  /** Stack and resource, or bundle. */
  readonly where: string;
  readonly given: string;
  readonly allowed: string;
  readonly fix: string;
}

export interface FailoverPath {
  readonly environment: string;
  /** Regions with workloads: each may be the one that is lost. */
  readonly workloads: readonly string[];
  readonly switchRegions: readonly string[];
  /** The stacks whose roles act in a failover. */
  readonly stacks: readonly StackTemplate[];
  /** What each bundle holds (dist/lambdas/commands.json). */
  readonly bundles: Readonly<Record<string, { readonly clients: readonly string[]; readonly commands: readonly string[] }>>;
}

const PERMITTED = new Set(DATA_PLANES.flatMap(({ actions }) => actions));
const deploymentRight = (action: string): (typeof DEPLOYMENT_RIGHTS)[number] | undefined => DEPLOYMENT_RIGHTS.find(({ actions }) => actions.includes(action));
const UNSCOPED = /^(?:xray|ec2|logs):/;
const ALLOWED_ACTIONS = 'actions of data planes (lib/failover/data-planes.ts)';

const shown = ({ Sid, Action, Resource }: Statement): string => JSON.stringify({ ...(Sid === undefined ? {} : { Sid }), Action, Resource });

/** The code may not do what the service does with the function's role when it is deployed. */
const isDeniedToCode = (policy: Policy, action: string): boolean =>
  policy.statements.some(
    (s) =>
      s.Effect === 'Deny' &&
      listOf(s.Action).includes(action) &&
      listOf(s.Resource).includes('*') &&
      isObject(s.Condition) &&
      JSON.stringify(s.Condition).includes('lambda:SourceFunctionArn'),
  );

const actionFindings = (policy: Policy, statement: Statement): readonly PathFinding[] =>
  listOf(statement.Action).flatMap((action) => {
    const right = deploymentRight(String(action));
    const refused = { where: policy.where, given: `${String(action)} in ${shown(statement)}`, allowed: ALLOWED_ACTIONS };
    if (right !== undefined && (!right.deniedToCode || isDeniedToCode(policy, String(action)))) return [];
    if (right !== undefined) return [{ ...refused, fix: "deny it to the function's code (condition lambda:SourceFunctionArn)" }];
    return PERMITTED.has(String(action))
      ? []
      : [{ ...refused, fix: 'do it before or after a failover, by another role; or look it up, and add it with its source' }];
  });

/** @returns undefined when nobody can tell */
const regionOf = (arn: string, path: FailoverPath): string | undefined => {
  const bucket = /^arn:[^:]+:s3:::([^/]+)/.exec(arn)?.[1];
  if (bucket !== undefined) return path.switchRegions.find((region) => bucket.startsWith(switchBucketName({ name: path.environment }, region, '')));
  return /^arn:[^:]+:[a-z0-9-]+:([a-z0-9-]+):/.exec(arn)?.[1];
};

/** A right that is good in one region only is none when that region is lost. */
const resourceFindings = (policy: Policy, statement: Statement, path: FailoverPath): readonly PathFinding[] => {
  const resources = listOf(statement.Resource).map((resource) => flatten(resource, policy.region));
  const finding = (given: string, allowed: string, fix: string): PathFinding => ({
    where: policy.where,
    given: `${given} in ${shown(statement)}`,
    allowed,
    fix,
  });
  const regions = resources.map((arn) => ({ arn, region: arn.startsWith('<') ? policy.region : regionOf(arn, path) }));
  const everything = resources.includes('*') && !listOf(statement.Action).every((action) => UNSCOPED.test(String(action)));
  const unknown = regions.filter(({ arn, region }) => arn !== '*' && region === undefined);
  const isOutside = !path.workloads.includes(policy.region);
  const lost = path.workloads
    .filter((workload) => workload !== policy.region)
    .filter((workload) => {
      const there = regions.filter(({ region }) => region === workload);
      return there.length > 0 && (!isOutside || there.length === regions.length);
    });
  return [
    ...(everything ? [finding('every resource ("*")', 'resources by name', 'name the resource, with its region')] : []),
    ...unknown.map(({ arn }) => finding(arn, 'a resource whose region is known', 'name it with its region; buckets as lib/failover/names.ts does')),
    ...lost.map((region) =>
      finding(
        `a resource in ${region}, which may be the region that is lost,`,
        isOutside ? 'resources in each region that can become the target' : `resources in ${policy.region} and outside of ${path.workloads.join(', ')}`,
        'use a copy in a region that survives',
      ),
    ),
  ];
};

const policyFindings = (policy: Policy, path: FailoverPath): readonly PathFinding[] => [
  ...policy.managed.map((arn) => ({
    where: policy.where,
    given: `the managed policy ${arn}`,
    allowed: 'statements of its own',
    fix: 'write down what it needs: a managed policy grows by itself',
  })),
  ...policy.statements.filter((s) => s.Effect === 'Allow').flatMap((s) => [...actionFindings(policy, s), ...resourceFindings(policy, s, path)]),
];

const actionOf = (command: string): string => {
  const [client = '', name = ''] = command.split(':');
  const { [command]: other } = IAM_ACTION;
  return other ?? `${IAM_PREFIX[client] ?? client}:${name}`;
};

const bundleFindings = ({ bundles }: FailoverPath): readonly PathFinding[] =>
  Object.entries(bundles).flatMap(([name, { clients, commands }]) => {
    const finding = (given: string): PathFinding => ({
      where: `bundle ${name}`,
      given,
      allowed: `${ALLOWED_ACTIONS}, and their clients`,
      fix: 'call it outside of the failover path; a bundle that holds it can call it',
    });
    const wrong = commands.filter((command) => CARRIED_BY_THE_SDK[command] === undefined && !PERMITTED.has(actionOf(command)));
    // A client that is there without a call that is known by its file: nothing can be said about it.
    const silent = clients.filter((client) => !commands.some((command) => command.startsWith(`${client}:`)));
    return [...wrong.map((command) => finding(`the call ${command}`)), ...silent.map((client) => finding(`the client ${client}`))];
  });

/** @returns nothing when a failover needs no control plane and no region that may be lost */
export const lintFailoverPath = (path: FailoverPath): readonly PathFinding[] => [
  ...path.stacks.flatMap(policiesIn).flatMap((policy) => policyFindings(policy, path)),
  ...bundleFindings(path),
];

export const findingText = ({ where, given, allowed, fix }: PathFinding): string => `${where}: given ${given}; allowed: ${allowed}; fix: ${fix}`;
