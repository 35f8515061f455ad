import { App, Aws, Validations } from 'aws-cdk-lib';
import { DISABLE_CREATION_STACK_TRACES, FAIL_SYNTH_ON_VALIDATION_ERRORS_CONTEXT } from 'aws-cdk-lib/cx-api';
import { AwsSolutionsChecks } from 'cdk-nag';
import * as cdk8s from 'cdk8s';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { chartsFor as render } from '../k8s';
import { ENVIRONMENTS } from '../lib/environments';
import { EnvironmentStage } from '../lib/stacks/environment-stage';
import { authorityViolations } from '../lib/services/authority';
import { awsBackupStorage } from '../lib/services/pgbackrest';
import { imagesByTag } from '../lib/services/published-images';
import type { ChartsFor } from '../lib/stacks/platform';
import { LAB_ENVIRONMENTS } from './environments';
import { EXIT, ExpectedError } from './exit';
import { FailoverPathChecks } from './failover-path-checks';
import { RoutingChecks, type RoutingReport } from './routing-checks';
import { partitionOf } from '../lib/topology/aws-regions';
import { defineEnvironment } from '../lib/topology/define';
import { alertTopicArn } from '../lib/topology/derive';
import type { Environment } from '../lib/topology/types';
import { TopologyError } from '../lib/topology/violation';

const ROOT = resolve(__dirname, '..');
const LAMBDAS = join(ROOT, 'dist', 'lambdas');

/** What is the same for every way to synthesize. */
export interface SynthesisOptions {
  readonly environments: readonly Environment[];
  /** Skips cdk-nag and the CloudFormation validator. */
  readonly fast: boolean;
  /** @default - what the CDK command line says, or `cdk.out` in the working directory */
  readonly outdir?: string;
}

export interface Synthesized {
  readonly outdir: string;
  readonly stacks: readonly {
    readonly name: string;
    readonly environment: string;
    readonly region: string;
    readonly templateFile: string;
    readonly resources: number;
  }[];
  /** What DNS answers, verified for each environment that has names. */
  readonly routing: readonly RoutingReport[];
  /** What was not checked, for people to read; empty after a full synthesis. */
  readonly skipped: readonly string[];
  /** Images of others that are named by a tag, which may be another image tomorrow; empty where `imageDigests` has all of them. */
  readonly byTag: readonly string[];
}

/** The environments that are deployed to AWS, validated. @throws TopologyError */
export const deployableEnvironments = (): readonly Environment[] =>
  Object.values(ENVIRONMENTS)
    .filter((input) => !LAB_ENVIRONMENTS.includes(input.name))
    .map(defineEnvironment);

const onAws: ChartsFor = (environment, region, images) =>
  render(new cdk8s.App(), environment, region, {
    images,
    imagePullPolicy: 'IfNotPresent',
    storage: 'ebs-gp3',
    secrets: 'aws-secrets-manager',
    certificates: 'cert-manager',
    backups: awsBackupStorage(environment, region, environment.account ?? Aws.ACCOUNT_ID, partitionOf(region.name)),
    regionGateway: 'aws-nlb',
    kubelets: 'verified',
    acme: { kind: 'public', topic: alertTopicArn(environment, region, environment.account ?? Aws.ACCOUNT_ID) },
    leaseStore: { kind: 'aws' },
  });

const featureFlags = (): Record<string, unknown> => {
  const settings: unknown = JSON.parse(readFileSync(join(ROOT, 'cdk.json'), 'utf8'));
  if (typeof settings !== 'object' || settings === null || !('context' in settings) || typeof settings.context !== 'object')
    throw new Error('cdk.json has no "context"');
  return { ...settings.context };
};

/** The CDK app of the given environments, not yet synthesized. What DNS answers is verified always: a wrong record is found by nothing else before clients find it. */
export const defineApp = (options: SynthesisOptions): App => prepare(options).app;

/** Nothing yet hands the cluster's endpoints, which exist only when it is deployed, to the functions. @throws ExpectedError */
const refuseRoutingControls = (environments: readonly Environment[]): void => {
  const found = environments.filter(({ failover }) => failover?.trafficSwitch === 'routingControl').map(({ name }) => name);
  if (found.length === 0) return;
  const given = `failover.trafficSwitch of ${found.join(', ')}: given "routingControl"`;
  throw new ExpectedError(`${given}; allowed in this release: "stopQuorum"; fix: leave trafficSwitch out`, EXIT.failed);
};

/** Load balancers would trust it. @throws TopologyError */
const refuseBadAuthorities = (environments: readonly Environment[]): void => {
  for (const environment of environments) {
    const violations = authorityViolations(environment, new Date());
    if (violations.length > 0) throw new TopologyError(environment.name, violations);
  }
};

const prepare = ({ environments, fast, outdir }: SynthesisOptions): { readonly app: App; readonly routing: RoutingChecks } => {
  // Much of the memory that a synthesis takes is the validators'; the heap beside it is collected before it grows: 389 MB instead of 403.
  setFlagsFromString('--optimize-for-size');
  const app = new App({
    // The same flags as under `cdk synth`, which hands them over by itself. Stack traces would put this machine's paths into the assembly, which is to be the same everywhere.
    context: { ...featureFlags(), [DISABLE_CREATION_STACK_TRACES]: true },
    // CDK's command line takes reporting upon itself, for the stacks that it selects: none of ours, which are in stages. A finding would be told to nobody.
    postCliContext: { [FAIL_SYNTH_ON_VALIDATION_ERRORS_CONTEXT]: true },
    stackTraces: false,
    builtinCloudFormationValidation: !fast,
    analyticsReporting: false,
    ...(outdir === undefined ? {} : { outdir }),
  });
  refuseRoutingControls(environments);
  refuseBadAuthorities(environments);
  for (const environment of environments)
    new EnvironmentStage(app, { environment, chartsFor: onAws, imagesDirectory: join(ROOT, 'images'), lambdasDirectory: LAMBDAS });
  const routing = new RoutingChecks(environments);
  Validations.of(app).addPlugins(routing, new FailoverPathChecks(environments, LAMBDAS), ...(fast ? [] : [new AwsSolutionsChecks(app)]));
  return { app, routing };
};

/**
 * Writes the cloud assembly of the environments, all in this process. Needs neither network nor credentials.
 * @throws Error when a check fails; the findings are printed to stderr and in `policy-validation-report.json` of the assembly
 */
export const synthesize = (options: SynthesisOptions): Synthesized => {
  const { app, routing } = prepare(options);
  const assembly = app.synth();
  const stacks = assembly.nestedAssemblies.flatMap(({ nestedAssembly }) =>
    nestedAssembly.stacks.map((stack) => ({
      name: stack.stackName,
      environment: stack.hierarchicalId.split('/')[0] ?? '',
      region: stack.environment.region,
      templateFile: stack.templateFullPath,
      resources: Object.keys((stack.template as { Resources?: object }).Resources ?? {}).length,
    })),
  );
  return {
    outdir: assembly.directory,
    stacks,
    routing: routing.reports,
    byTag: [...new Set(options.environments.flatMap(imagesByTag))],
    skipped: options.fast ? ['cdk-nag (AwsSolutions)', 'the CloudFormation validator'] : [],
  };
};
