import { expectationOf, readZone, verifyRouting, violationText, type StackTemplate, type Verification } from '../../lib/failover/routing';
import type { Environment, EnvironmentInput, RegionInput } from '../../lib/topology/types';
import { stacksOf, stageOf, variant } from './environments';
import { Template } from 'aws-cdk-lib/assertions';

const STANDBYS = ['us-east-1', 'ap-southeast-1', 'sa-east-1'];
const PREFERENCES = { NA: 'us-east-1', AS: 'ap-southeast-1', OC: 'ap-southeast-1', SA: 'sa-east-1' };

const regionInput = (name: string, i: number): RegionInput => ({
  name,
  role: i === 0 ? 'home' : 'standby',
  zones: ['a', 'b', 'c'].map((zone) => `${name}${zone}`),
  network: { vpcCidr: `10.${i + 1}0.0.0/16`, serviceCidr: `172.${20 + i}.0.0/16` },
});

/** Production with so many regions; each standby region is preferred by some continent. */
export const withRegions = (count: number, changes: Partial<EnvironmentInput> = {}): Environment => {
  const names = ['eu-central-1', ...STANDBYS].slice(0, count);
  const preferences = Object.fromEntries(Object.entries(PREFERENCES).filter(([, region]) => names.includes(region)));
  const alone = count === 1 ? { failover: null, drills: [], backups: { retentionDays: 35 } } : {};
  return variant('production', {
    regions: names.map(regionInput),
    dns: { zoneName: 'example.com', zoneId: 'Z00000000000000EXAMPLE', preferences },
    ...alone,
    ...changes,
  });
};

/** What was synthesized, as the verifier reads it. */
export const stackTemplatesOf = (environment: Environment): readonly StackTemplate[] =>
  stacksOf(stageOf(environment)).map((stack) => ({ stack: stack.node.id, region: stack.regionName, template: Template.fromStack(stack).toJSON() }));

export const verified = (environment: Environment, stacks: readonly StackTemplate[]): Verification =>
  verifyRouting(readZone(stacks), expectationOf(environment));

export const textsOf = ({ violations }: Verification): readonly string[] => violations.map(violationText);
