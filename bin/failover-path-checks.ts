import type { IPolicyValidationContext, IPolicyValidationPlugin, PolicyValidationPluginReport, PolicyViolation } from 'aws-cdk-lib';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findingText, lintFailoverPath, type FailoverPath, type PathFinding } from '../lib/failover/control-plane';
import { FAILOVER_HANDLERS } from '../lib/failover/names';
import type { Environment } from '../lib/topology/types';

/** The stacks whose roles act while a region fails over, by the end of their names. */
const PARTS = ['failover', 'witness'] as const;

/** Functions of the drills prove a failover and are no part of it. Everything else is: also what nobody has thought of here. */
export const isOfFailover = (bundle: string): boolean => !bundle.startsWith('drill-');

/** What the failover's bundles hold, written when they were built. @throws Error when they were not */
export const bundledCalls = (lambdasDirectory: string): FailoverPath['bundles'] => {
  const file = join(lambdasDirectory, 'commands.json');
  if (!existsSync(file)) throw new Error(`${file} is missing: \`node scripts/build.mjs lambdas\` bundles the functions`);
  const all = JSON.parse(readFileSync(file, 'utf8')) as FailoverPath['bundles'];
  const missing = [...FAILOVER_HANDLERS, 'switch-routing-control'].filter((name) => all[name] === undefined);
  if (missing.length > 0) throw new Error(`${file} lacks ${missing.join(', ')}: \`node scripts/build.mjs lambdas\` bundles them`);
  return Object.fromEntries(Object.entries(all).filter(([name]) => isOfFailover(name)));
};

/** Reads the templates that were written, and the calls in the bundles: a failover needs no control plane and no region that may be lost. */
export class FailoverPathChecks implements IPolicyValidationPlugin {
  readonly name = 'Holdfast failover path';

  constructor(
    private readonly environments: readonly Environment[],
    private readonly lambdasDirectory: string,
  ) {}

  validate(context: IPolicyValidationContext): PolicyValidationPluginReport {
    const violations = this.environments.flatMap((environment) => this.lint(environment, context));
    return { success: violations.length === 0, violations };
  }

  private lint(environment: Environment, { stackTemplates }: IPolicyValidationContext): readonly PolicyViolation[] {
    const { failover, regions, name } = environment;
    if (failover === null) return [];
    const within = `${name}/`;
    const stacks = stackTemplates
      .filter(({ stackConstructPath }) => stackConstructPath.startsWith(within) && PARTS.some((part) => stackConstructPath.endsWith(`-${part}`)))
      .map(({ stackConstructPath, templatePath, region }) => ({
        stack: stackConstructPath.slice(within.length),
        region: region ?? '',
        template: JSON.parse(readFileSync(templatePath, 'utf8')) as unknown,
        templatePath,
      }));
    if (stacks.length !== regions.length + 1)
      throw new Error(`${name}: expected ${regions.length} stacks of the failover and its witness, found ${stacks.length}`);
    const path: FailoverPath = {
      environment: name,
      workloads: regions.map((region) => region.name),
      switchRegions: failover.switchRegions,
      stacks,
      bundles: bundledCalls(this.lambdasDirectory),
    };
    return lintFailoverPath(path).map((finding) => violation(name, finding, stacks));
  }
}

const violation = (
  environment: string,
  finding: PathFinding,
  stacks: readonly { readonly stack: string; readonly templatePath: string }[],
): PolicyViolation => {
  const [stack, logicalId] = finding.where.split('/');
  const template = stacks.find((candidate) => candidate.stack === stack);
  return {
    ruleName: 'failover-path',
    description: `${environment}: ${findingText(finding)}`,
    severity: 'error',
    violatingResources:
      template === undefined || logicalId === undefined
        ? []
        : [{ resourceLogicalId: logicalId, templatePath: template.templatePath, locations: ['Properties'] }],
  };
};
