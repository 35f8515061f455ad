/** What of the synthesized templates the lab brings to life, as plain values. Pure: creating them is in `provision.ts`. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { FunctionDefinition } from './functions';
import { definitionOf, isObject, type Resource, type Stack, Templates } from './template';

export interface TableResource {
  readonly region: string;
  /** All regions that have it, the one of its stack first. */
  readonly replicas: readonly string[];
  /** For CreateTable. */
  readonly request: Readonly<Record<string, unknown>>;
}
export interface BucketResource {
  readonly region: string;
  readonly name: string;
  /** JSON text; undefined: none. */
  readonly policy?: string;
}
export interface MachineResource {
  readonly region: string;
  readonly name: string;
  readonly definition: string;
}
export interface ScheduleResource {
  readonly region: string;
  readonly name: string;
  readonly everySeconds: number;
  /** Of the function that it invokes. */
  readonly function: string;
  /** JSON text. */
  readonly input: string;
}
export interface NamedResource {
  readonly region: string;
  readonly name: string;
}

export interface AwsResources {
  readonly functions: readonly FunctionDefinition[];
  readonly tables: readonly TableResource[];
  readonly buckets: readonly BucketResource[];
  readonly machines: readonly MachineResource[];
  readonly schedules: readonly ScheduleResource[];
  readonly topics: readonly NamedResource[];
}

const strings = (value: unknown): Readonly<Record<string, string>> =>
  isObject(value) ? Object.fromEntries(Object.entries(value).map(([k, v]) => [k, String(v)])) : {};

/** The bundle of a function is found by its name: `holdfast-<environment>-<handler>`. */
export const bundleOf = (bundles: string, environment: string, functionName: string): string | undefined => {
  const prefix = `holdfast-${environment}-`;
  if (!functionName.startsWith(prefix)) return undefined;
  const path = join(bundles, functionName.slice(prefix.length), 'index.mjs');
  return existsSync(path) ? path : undefined;
};

const SECONDS: Readonly<Record<string, number>> = { second: 1, minute: 60, hour: 3600, day: 86_400 };

/** @returns undefined for a cron expression: drills last minutes, and nothing in them waits for a time of day */
export const rateSeconds = (expression: string): number | undefined => {
  const { count, unit } = /^rate\((?<count>\d+) (?<unit>second|minute|hour|day)s?\)$/.exec(expression)?.groups ?? {};
  const seconds = SECONDS[unit ?? ''];
  return count === undefined || seconds === undefined ? undefined : Number(count) * seconds;
};

const functionsOf = (templates: Templates, bundles: string, environment: string): readonly FunctionDefinition[] =>
  templates.resources('AWS::Lambda::Function').flatMap((resource) => {
    const name = templates.nameOf(resource);
    const bundle = bundleOf(bundles, environment, name);
    if (bundle === undefined) return []; // CDK's own custom resources run at deployment, which the lab does not do
    const environmentVariables = templates.property(resource, 'Environment');
    const { Handler: handler } = resource.properties;
    return [
      {
        name,
        region: resource.stack.region,
        bundle,
        handler: (typeof handler === 'string' ? handler.split('.').pop() : undefined) ?? 'handler',
        environment: strings(isObject(environmentVariables) ? environmentVariables['Variables'] : undefined),
        timeoutSeconds: Number(resource.properties['Timeout'] ?? 3),
      },
    ];
  });

const tablesOf = (templates: Templates): readonly TableResource[] =>
  ['AWS::DynamoDB::GlobalTable', 'AWS::DynamoDB::Table'].flatMap((type) =>
    templates.resources(type).map((resource) => {
      const replicas = templates.property(resource, 'Replicas');
      const regions = Array.isArray(replicas) ? replicas.flatMap((r: unknown) => (isObject(r) && typeof r['Region'] === 'string' ? [r['Region']] : [])) : [];
      return {
        region: resource.stack.region,
        // Where it is made comes first: that is where the one table is kept.
        replicas: [resource.stack.region, ...regions.filter((region) => region !== resource.stack.region)],
        request: {
          TableName: templates.nameOf(resource),
          KeySchema: templates.property(resource, 'KeySchema'),
          AttributeDefinitions: templates.property(resource, 'AttributeDefinitions'),
          BillingMode: 'PAY_PER_REQUEST',
        },
      };
    }),
  );

/** The emulator knows no conditions and no principals: it would take a refusal to all others for one to everybody. What is refused is for IAM to prove, not for a lab. */
const allowedBy = (policy: unknown): unknown => {
  if (!isObject(policy) || !Array.isArray(policy['Statement'])) return policy;
  return { ...policy, Statement: policy['Statement'].filter((statement: unknown) => isObject(statement) && statement['Effect'] === 'Allow') };
};

const bucketsOf = (templates: Templates): readonly BucketResource[] => {
  const policies = templates.resources('AWS::S3::BucketPolicy');
  return templates.resources('AWS::S3::Bucket').map((resource) => {
    const name = templates.nameOf(resource);
    const own = policies.find((policy) => policy.stack === resource.stack && templates.property(policy, 'Bucket') === name);
    return {
      region: resource.stack.region,
      name,
      ...(own === undefined ? {} : { policy: JSON.stringify(allowedBy(templates.property(own, 'PolicyDocument'))) }),
    };
  });
};

const schedulesOf = (templates: Templates): readonly ScheduleResource[] =>
  templates.resources('AWS::Scheduler::Schedule').flatMap((resource) => {
    const everySeconds = rateSeconds(String(templates.property(resource, 'ScheduleExpression')));
    const target = templates.property(resource, 'Target');
    if (everySeconds === undefined || !isObject(target)) return [];
    const name = /:function:(?<name>[^:]+)/.exec(String(target['Arn']))?.groups?.['name'];
    if (name === undefined) return [];
    return [
      {
        region: resource.stack.region,
        name: templates.nameOf(resource),
        everySeconds,
        function: name,
        input: typeof target['Input'] === 'string' ? target['Input'] : '{}',
      },
    ];
  });

const named = (templates: Templates, type: string): readonly NamedResource[] =>
  templates.resources(type).map((resource: Resource) => ({ region: resource.stack.region, name: templates.nameOf(resource) }));

/** @param bundles the folder `dist/lambdas` */
export const awsResources = (stacks: readonly Stack[], bundles: string, environment: string): AwsResources => {
  const templates = new Templates(stacks);
  return {
    functions: functionsOf(templates, bundles, environment),
    tables: tablesOf(templates),
    buckets: bucketsOf(templates),
    machines: templates
      .resources('AWS::StepFunctions::StateMachine')
      .map((resource) => ({ region: resource.stack.region, name: templates.nameOf(resource), definition: definitionOf(templates, resource) })),
    schedules: schedulesOf(templates),
    topics: named(templates, 'AWS::SNS::Topic'),
  };
};
