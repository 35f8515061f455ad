import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { CloudFormationStackArtifact } from 'aws-cdk-lib/cx-api';
import * as cdk8s from 'cdk8s';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EnvironmentStage } from '../../lib/stacks/environment-stage';
import type { ChartsFor } from '../../lib/stacks/platform';
import { EnvironmentStack } from '../../lib/constructs/environment-stack';
import { ENVIRONMENTS } from '../../lib/environments';
import { defineEnvironment } from '../../lib/topology/define';
import type { Environment, EnvironmentInput } from '../../lib/topology/types';

/** An assembly holds 60 MB of CDK's own layers. */
const assemblies: string[] = [];
afterAll(() => {
  for (const outdir of assemblies) rmSync(outdir, { recursive: true, force: true });
});

/** One object per chart, with an image in it: what is inside the charts is tested elsewhere. */
export const smallCharts: ChartsFor = (environment, _region, images) => {
  const app = new cdk8s.App();
  const names = ['cluster', 'etcd', 'postgres', 'pooler', ...(environment.cache === null ? [] : ['cache'])];
  return names.map((name) => {
    const chart = new cdk8s.Chart(app, name);
    new cdk8s.ApiObject(chart, 'object', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { image: images.etcd } });
    return chart;
  });
};

const flags = (JSON.parse(readFileSync(join(__dirname, '..', '..', 'cdk.json'), 'utf8')) as { context: Record<string, unknown> }).context;

export const namedEnvironment = (name: string): Environment => {
  const input = ENVIRONMENTS[name];
  if (input === undefined) throw new Error(`no environment ${name}`);
  return defineEnvironment(input);
};

/** The environment with some of its settings changed. */
export const variant = (name: string, changes: Partial<EnvironmentInput>): Environment => {
  const input = ENVIRONMENTS[name];
  if (input === undefined) throw new Error(`no environment ${name}`);
  return defineEnvironment({ ...input, ...changes });
};

export const stageOf = (environment: Environment, chartsFor: ChartsFor = smallCharts): EnvironmentStage => {
  const outdir = mkdtempSync(join(tmpdir(), 'stacks-'));
  assemblies.push(outdir);
  const app = new App({ context: flags, analyticsReporting: false, builtinCloudFormationValidation: false, outdir });
  return new EnvironmentStage(app, { environment, chartsFor, imagesDirectory: join(__dirname, 'images'), lambdasDirectory: join(__dirname, 'lambdas') });
};

export const stacksOf = (stage: EnvironmentStage): readonly EnvironmentStack[] => stage.node.children.filter((child) => child instanceof EnvironmentStack);

/** The templates of an environment by the id of their stack, for example `eu-central-1-network`. */
export const templatesOf = (environment: Environment): ReadonlyMap<string, Template> => {
  const stage = stageOf(environment);
  return new Map(stacksOf(stage).map((stack) => [stack.node.id, Template.fromStack(stack)]));
};

export const templateOf = (templates: ReadonlyMap<string, Template>, id: string): Template => {
  const template = templates.get(id);
  if (template === undefined) throw new Error(`no stack ${id}; there are ${[...templates.keys()].join(', ')}`);
  return template;
};

/** Which stacks of the stage are deployed before each of its stacks. */
export const deploymentOrderOf = (environment: Environment): ReadonlyMap<string, readonly string[]> => {
  const idOf = (path: string): string => path.split('/').slice(1).join('/');
  return new Map(
    stageOf(environment)
      .synth()
      .stacks.map((stack) => [
        idOf(stack.hierarchicalId),
        stack.dependencies
          .filter((d) => d instanceof CloudFormationStackArtifact)
          .map((d) => idOf(d.hierarchicalId))
          .sort(),
      ]),
  );
};

export interface Resource {
  readonly Type: string;
  readonly Properties: Readonly<Record<string, unknown>>;
  readonly DependsOn?: readonly string[];
  readonly DeletionPolicy?: string;
}

/** A template's resources of one type (or all), by their logical ids. */
export const resourcesOf = (template: Template, type?: string): ReadonlyMap<string, Resource> => {
  const { Resources = {} } = template.toJSON() as { Resources?: Record<string, Resource> };
  return new Map(Object.entries(Resources).filter(([, resource]) => type === undefined || resource.Type === type));
};
