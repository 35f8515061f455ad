import { defineEnvironment, withDefaults } from '../../lib/topology/define';
import type { EnvironmentInput } from '../../lib/topology/types';
import { seconds } from '../../lib/topology/units';
import { TopologyError } from '../../lib/topology/violation';
import { environmentWith, regionWith, withStandby } from './fixtures';

/** An environment that TypeScript would refuse. */
const untyped = (input: unknown): EnvironmentInput => input as EnvironmentInput;

const refusal = (input: EnvironmentInput): TopologyError => {
  try {
    defineEnvironment(input);
  } catch (error) {
    if (error instanceof TopologyError) return error;
    throw error;
  }
  throw new Error('was accepted');
};

describe('defineEnvironment', () => {
  test('fills defaults; the region’s own settings win over everyRegion’s, key by key', () => {
    const environment = defineEnvironment({
      ...withStandby({ follower: { pollInterval: seconds(0.5) } }),
      everyRegion: { follower: { pollInterval: seconds(0.7), requestTimeout: seconds(0.8) } },
    });
    expect(environment.regions.map((region) => [region.follower.pollInterval, region.follower.requestTimeout])).toEqual([
      [0.7, 0.8],
      [0.5, 0.8],
    ]);
    expect(environment.regions[0]?.postgres.patroni.ttl).toBe(20);
  });

  test('freezes all of it', () => {
    const environment = defineEnvironment(environmentWith());
    expect(Object.isFrozen(environment.regions[0]?.postgres.patroni)).toBe(true);
    expect(() => Object.assign(environment.regions[0] ?? {}, { name: 'x' })).toThrow(TypeError);
  });

  test('is not affected by, and does not freeze, what the user wrote', () => {
    const input = environmentWith();
    defineEnvironment(input);
    expect(Object.isFrozen(input.regions)).toBe(false);
  });

  test('throws every violation at once, each with path, given, allowed and fix', () => {
    const error = refusal(environmentWith({ name: 'NO', regions: [regionWith({ etcd: { members: 2 } })] }));
    expect(error.violations.map((violation) => violation.rule)).toEqual([
      'environment-name',
      'etcd-members-are-odd',
      'no-zone-holds-an-etcd-majority',
      'members-pair-with-etcd',
    ]);
    expect(error.message).toMatch(/^environment "NO" has 4 violations:\n {2}- name: given "NO"; allowed: .*; fix: .* \[environment-name]/);
  });

  test.each([undefined, null, [], 'text', { name: 7 }])('says what is wrong with %p', (input) =>
    expect(refusal(untyped(input)).message).toMatch(/given .*; allowed: /),
  );

  test('takes an explicit undefined for "not given"', () =>
    expect(withDefaults(untyped({ ...environmentWith(), everyRegion: { follower: { pollInterval: undefined } } })).regions[0]?.follower.pollInterval).toBe(1));
});
