import type { EnvironmentInput, RegionInput } from '../../lib/topology/types';

/** One input that keeps a rule at its edge, and inputs that break it: where, and what the error has to say. */
export interface Case {
  readonly keeps: EnvironmentInput;
  readonly breaks: readonly (readonly [input: EnvironmentInput, path: string, says: RegExp])[];
}

/** A region that keeps every rule; a test changes what it is about. */
export const regionWith = (changes: Partial<RegionInput> = {}): RegionInput => ({
  name: 'eu-central-1',
  role: 'home',
  zones: ['eu-central-1a', 'eu-central-1b', 'eu-central-1c'],
  network: { vpcCidr: '10.1.0.0/16' },
  ...changes,
});

export const standbyWith = (changes: Partial<RegionInput> = {}): RegionInput => ({
  name: 'us-east-1',
  role: 'standby',
  zones: ['us-east-1a', 'us-east-1b', 'us-east-1c'],
  network: { vpcCidr: '10.2.0.0/16', serviceCidr: '172.21.0.0/16' },
  ...changes,
});

/** An environment of one region that keeps every rule. */
export const environmentWith = (changes: Partial<EnvironmentInput> = {}): EnvironmentInput => ({ name: 'fixture', regions: [regionWith()], ...changes });

/** The same with changes to its only region. */
export const withRegion = (changes: Partial<RegionInput>): EnvironmentInput => environmentWith({ regions: [regionWith(changes)] });

/** The same with a standby region. */
export const withStandby = (changes: Partial<RegionInput>, home: Partial<RegionInput> = {}): EnvironmentInput =>
  environmentWith({ regions: [regionWith(home), standbyWith(changes)] });

/** What an environment on AWS needs as soon as a workload is public. */
export const NAMED = {
  edge: {},
  dns: { zoneName: 'example.com', zoneId: 'Z1' },
  acme: { contact: 'platform@example.com', names: ['app.example.com'] },
} satisfies Partial<EnvironmentInput>;
