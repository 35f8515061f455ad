import type { IPolicyValidationContext, IPolicyValidationPlugin, PolicyValidationPluginReport, PolicyViolation } from 'aws-cdk-lib';
import { readFileSync } from 'node:fs';
import {
  expectationOf,
  LOAD_BALANCER_TTL,
  readZone,
  verifyRouting,
  violationText,
  type RoutingViolation,
  type StackTemplate,
  type Verification,
} from '../lib/failover/routing';
import type { Environment } from '../lib/topology/types';
import { LAB_ENVIRONMENTS } from './environments';

/** What was found out about the DNS of an environment. */
export interface RoutingReport extends Omit<Verification, 'violations'> {
  readonly environment: string;
  readonly violations: number;
}

interface WrittenStack extends StackTemplate {
  readonly templatePath: string;
}

/** Reads the templates that were written, and verifies what DNS answers by them, in every state of health, for every continent. */
export class RoutingChecks implements IPolicyValidationPlugin {
  readonly name = 'Holdfast DNS';
  /** Filled by `validate`. */
  readonly reports: RoutingReport[] = [];

  constructor(private readonly environments: readonly Environment[]) {}

  validate(context: IPolicyValidationContext): PolicyValidationPluginReport {
    const violations = this.environments.filter(({ dns }) => dns !== null).flatMap((environment) => this.verify(environment, context));
    return { success: violations.length === 0, violations };
  }

  private verify(environment: Environment, { stackTemplates }: IPolicyValidationContext): readonly PolicyViolation[] {
    const within = `${environment.name}/`;
    const stacks = stackTemplates
      .filter(({ stackConstructPath }) => stackConstructPath.startsWith(within))
      .map(({ stackConstructPath, templatePath, region }) => ({
        stack: stackConstructPath.slice(within.length),
        region: region ?? '',
        template: JSON.parse(readFileSync(templatePath, 'utf8')) as unknown,
        templatePath,
      }));
    const { violations, ...counts } = verifyRouting(readZone(stacks), expectedOf(environment));
    this.reports.push({ environment: environment.name, violations: violations.length, ...counts });
    return violations.map((violation) => finding(environment, violation, stacks));
  }
}

/** A lab's own name server has the model's TTL where an alias to a load balancer has AWS's. */
const expectedOf = (environment: Environment): ReturnType<typeof expectationOf> => {
  const expectation = expectationOf(environment);
  return LAB_ENVIRONMENTS.includes(environment.name) ? { ...expectation, ttl: LOAD_BALANCER_TTL } : expectation;
};

const finding = (environment: Environment, violation: RoutingViolation, stacks: readonly WrittenStack[]): PolicyViolation => {
  const [stack, logicalId] = violation.where.replace(/\[\d+\]$/, '').split('/');
  const template = stacks.find((candidate) => candidate.stack === stack);
  return {
    ruleName: violation.rule,
    description: `${environment.name}: ${violationText(violation)}`,
    severity: 'error',
    violatingResources:
      template === undefined || logicalId === undefined
        ? []
        : [{ resourceLogicalId: logicalId, templatePath: template.templatePath, locations: ['Properties'] }],
  };
};
