import { ENVIRONMENTS } from '../../lib/environments';
import { budgetFor, lossBound, type Budget } from '../../lib/topology/budget';
import { defineEnvironment, withDefaults } from '../../lib/topology/define';
import { scenariosOf } from '../../lib/topology/applicable';
import type { Scenario } from '../../lib/topology/scenarios';
import type { EnvironmentInput } from '../../lib/topology/types';
import { seconds } from '../../lib/topology/units';
import { environmentWith, withRegion } from './fixtures';

const budget = (scenario: Scenario, input: EnvironmentInput = environmentWith()): Budget => budgetFor(withDefaults(input), scenario);
const upper = (scenario: Scenario, stage: string, input?: EnvironmentInput): number | undefined =>
  budget(scenario, input).stages.find((s) => s.name === stage)?.upper;
const stageNames = (scenario: Scenario, input?: EnvironmentInput): readonly string[] => budget(scenario, input).stages.map((s) => s.name);

/** The gaps measured with stock Patroni at 20/1/3, seconds, smallest and largest (docs/measurements). */
const MEASURED: readonly (readonly [Scenario, number, number])[] = [
  ['primary-node-dies', 19.5, 24],
  ['primary-node-dark', 23.2, 28],
  ['primary-partitioned-drop', 23.2, 28],
  ['etcd-leader-lost-with-primary', 22.6, 28],
  ['postgres-killed', 2.1, 4],
  ['patroni-killed', 0.13, 0.9],
  ['patroni-frozen', 0.12, 2],
  ['switchover', 1.5, 2.9],
  ['node-drained', 1.5, 2.9],
  ['etcd-quorum-lost', 0.28, 1],
];

describe('the budget', () => {
  test.each(scenariosOf(withDefaults(environmentWith())))('of %s is the sum of its stages, each with a source', (scenario) => {
    const { stages, lowerSeconds, upperSeconds } = budget(scenario);
    expect(stages.length).toBeGreaterThan(0);
    expect(upperSeconds).toBeCloseTo(
      stages.reduce((total, s) => total + s.upper, 0),
      6,
    );
    expect(lowerSeconds).toBeCloseTo(
      stages.reduce((total, s) => total + s.lower, 0),
      6,
    );
    for (const stage of stages) {
      expect(stage.upper).toBeGreaterThanOrEqual(stage.lower);
      expect(stage.lower).toBeGreaterThanOrEqual(0);
      expect(stage.source).not.toBe('');
    }
  });

  test.each(MEASURED)('of %s holds what was measured, %f to %f s, and is no more than 1.5 times the largest (or 1 s more)', (scenario, smallest, largest) => {
    const { lowerSeconds, upperSeconds } = budget(scenario);
    expect(lowerSeconds).toBeLessThanOrEqual(smallest);
    expect(upperSeconds).toBeGreaterThanOrEqual(largest);
    expect(upperSeconds).toBeLessThanOrEqual(Math.max(1.5 * largest, largest + 1));
  });

  test.each(Object.values(ENVIRONMENTS).flatMap((input) => scenariosOf(withDefaults(input)).map((scenario) => [input.name, scenario] as const)))(
    'of %s keeps the objective of %s',
    (name, scenario) => {
      const input = ENVIRONMENTS[name];
      if (input === undefined) throw new Error(name);
      const { upperSeconds, objective } = budgetFor(defineEnvironment(input), scenario);
      expect(upperSeconds).toBeLessThanOrEqual(objective.rto);
    },
  );

  test('follows the lease: every second of ttl is a second of the upper bound', () => {
    const longer = withRegion({ postgres: { patroni: { ttl: seconds(25) } } });
    expect(budget('primary-node-dies', longer).upperSeconds - budget('primary-node-dies').upperSeconds).toBeCloseTo(5, 6);
    expect(budget('postgres-killed', longer).upperSeconds).toBe(budget('postgres-killed').upperSeconds);
  });

  test('adds the re-arming of the lease where etcd’s leader may be lost with the primary', () => {
    const anywhere = withRegion({ etcd: { leaderAwayFromPrimary: false } });
    expect(stageNames('primary-node-dies')).not.toContain('etcd leader elected, lease re-armed');
    expect(upper('primary-node-dies', 'etcd leader elected, lease re-armed', anywhere)).toBe(3);
    expect(upper('etcd-leader-lost-with-primary', 'etcd leader elected, lease re-armed')).toBe(3);
  });

  test('adds 2 s for a REST API that is silent, not for one that refuses', () => {
    expect(budget('primary-node-dark').upperSeconds - budget('primary-node-dies').upperSeconds).toBeCloseTo(2, 6);
    expect(stageNames('primary-partitioned-reset')).toEqual(stageNames('primary-node-dies'));
  });

  test('waits for a synchronous standby in strict mode only', () => {
    const asynchronous = withRegion({ postgres: { synchronousMode: 'asynchronous' } });
    expect(stageNames('switchover')).toContain('synchronous standby');
    expect(stageNames('switchover', asynchronous)).not.toContain('synchronous standby');
  });

  test('counts the time in which a crashed primary may start again', () =>
    expect(
      upper('postgres-killed', 'start of the crashed primary attempted', withRegion({ postgres: { patroni: { primaryStartTimeout: seconds(60) } } })),
    ).toBe(60));

  test('counts the supervisor’s patience with a stopped PostgreSQL', () =>
    expect(
      upper('postgres-frozen', 'detection by the supervisor', withRegion({ postgres: { supervision: { probeFailures: 8, probeInterval: seconds(0.5) } } })),
    ).toBe(4));

  test('of a node that wakes before the lease ends has no lease in it', () => expect(stageNames('primary-node-frozen')).not.toContain('lease expiry'));

  test('promises no loss in strict mode, and calls the loss unbounded, not zero, without it', () => {
    expect(lossBound(withDefaults(environmentWith())).seconds).toBe(0);
    expect(lossBound(withDefaults(withRegion({ postgres: { synchronousMode: 'asynchronous' } }))).seconds).toBeNull();
  });
});
