import { DNS_DEFAULTS } from '../../lib/topology/defaults';
import { decide, type Decision, type Policy } from '../../lib/operations/recovery/plan';
import type { RegionSeen } from '../../lib/operations/recovery/observation';
import { tierState } from '../../lib/operations/recovery/state';
import { workloadWithDefaults } from '../../lib/topology/defaults-workloads';
import { tiersOf } from '../../lib/operations/recovery/tiers';
import { ENVIRONMENT, REGION, TIERS, tierNamed, World } from './recovery-world';

const FREE: Policy = { startsMachines: true, primaryForbidden: null };
const next = (seen: RegionSeen, policy: Policy = FREE): Decision => decide(TIERS, REGION, seen, policy);

/** Steps until the decision is final, or `stopAfter` decisions. */
const run = (world: World, policy: Policy = FREE, stopAfter = 200): Decision => {
  for (let i = 0; i < stopAfter; i++) {
    const decision = next(world.look(), policy);
    if (decision.kind === 'whole' || decision.kind === 'refuse') return decision;
    if (decision.kind === 'act') for (const step of decision.steps) world.carryOut(step);
    world.tick();
  }
  return next(world.look(), policy);
};

describe('a region that is off altogether', () => {
  const off = (): World => {
    const world = new World();
    world.powerLoss();
    return world;
  };

  test('comes back whole, and nothing is started before what it needs', () => {
    const world = off();
    expect(run(world)).toEqual({ kind: 'whole' });
    expect(world.violations).toEqual([]);
    expect([...world.wanted.values()]).toEqual([3, 3, 3, 3]);
  });

  test('is held before any machine is started', () => {
    const world = off();
    const kinds: string[] = [];
    for (let i = 0; i < 4; i++) {
      const decision = next(world.look());
      if (decision.kind !== 'act') throw new Error(`unexpected ${decision.kind}`);
      kinds.push([...new Set(decision.steps.map(({ kind }) => kind))].join());
      for (const step of decision.steps) world.carryOut(step);
    }
    expect(kinds).toEqual(['start-control-plane', 'hold', 'remove-pod', 'start-machine']);
  });

  test('can be interrupted after any step and taken up again', () => {
    for (let decisions = 1; decisions < 30; decisions++) {
      const world = off();
      run(world, FREE, decisions);
      expect(run(world)).toEqual({ kind: 'whole' });
      expect(world.violations).toEqual([]);
    }
  });

  test('has nothing to do once it is whole', () => {
    const world = off();
    run(world);
    expect(next(world.look())).toEqual({ kind: 'whole' });
  });

  test('without switches, waits for the API and then for the machines, with everything held', () => {
    const world = off();
    const waiting: Policy = { ...FREE, startsMachines: false };
    expect(next(world.look(), waiting)).toMatchObject({ kind: 'wait', stage: 'control-plane' });
    world.controlPlane = 'up';
    run(world, waiting, 10);
    expect(next(world.look(), waiting)).toMatchObject({ kind: 'wait', stage: 'machines' });
    expect(world.wanted.get('database')).toBe(0);
  });

  test('never makes a primary where another region may have one, and says how to go on', () => {
    const world = off();
    const decision = run(world, { ...FREE, primaryForbidden: 'elsewhere' });
    expect(decision).toEqual({ kind: 'refuse', stage: 'database-primary', because: 'elsewhere' });
    expect(world.wanted.get('database')).toBe(0);
    expect(world.leader).toBeNull();
    expect(run(world)).toEqual({ kind: 'whole' });
  });
});

describe('a region that runs in part', () => {
  test('a machine that says nothing is not off: nothing is held', () => {
    const world = new World();
    for (const name of world.machines.keys()) world.machines.set(name, 'starting');
    expect(next(world.look())).toMatchObject({ kind: 'wait', stage: 'machines' });
  });

  test('one machine that is off is started, and what runs is left alone', () => {
    const world = new World();
    world.machines.set('c', 'off');
    expect(next(world.look())).toEqual({ kind: 'act', stage: 'machines', steps: [{ kind: 'start-machine', machine: 'c' }] });
  });

  test('without one of its machines it serves, and says what is missing', () => {
    const world = new World();
    world.machines.set('c', 'off');
    for (const pods of world.pods.values()) pods.splice(2, 1);
    const decision = next(world.look(), { ...FREE, startsMachines: false });
    expect(decision).toMatchObject({ kind: 'serving' });
    expect(decision.kind === 'serving' && decision.missing.join('; ')).toMatch(/c is off.*etcd: 2 of 3 pods ready.*1 of 2 standbys/);
  });

  test('a pod that waits out its back-off is started anew only when what it needs serves', () => {
    const world = new World();
    const seen = world.look();
    const failing = (id: string): RegionSeen => {
      const workload = seen.workloads[id];
      if (workload === undefined) throw new Error('no workload');
      const pods = workload.pods.map((pod) => ({ ...pod, ready: false, backingOff: true }));
      return { ...seen, workloads: { ...seen.workloads, [id]: { ...workload, pods } } };
    };
    const restarted = next(failing('pooler'));
    expect(restarted).toMatchObject({ kind: 'act', stage: 'pooler' });
    expect(restarted.kind === 'act' && restarted.steps.every((step) => step.kind === 'remove-pod' && !step.force)).toBe(true);
    const without = failing('pooler');
    expect(next({ ...without, database: null })).toMatchObject({ kind: 'wait', stage: 'database-primary' });
  });

  test('the refusal does not concern a region whose primary runs', () => {
    expect(next(new World().look(), { ...FREE, primaryForbidden: 'elsewhere' })).toEqual({ kind: 'whole' });
  });
});

describe('the database', () => {
  const seen = new World().look();
  const database = { leaders: ['x'], streaming: ['y', 'z'], synchronous: ['y'], commits: true };
  const standbys = (changes: Partial<typeof database> | { commits: boolean | null }) =>
    tierState(tierNamed('database-standbys'), REGION, { ...seen, database: { ...database, ...changes } });

  test.each([
    [{ leaders: [] }, /no member leads/],
    [{ leaders: ['x', 'y'] }, /2 members lead/],
    [{ synchronous: [] }, /no synchronous standby/],
    [{ commits: false }, /acknowledges no transaction/],
    [{ commits: null }, /no transaction was tried/],
  ])('does not serve with %j', (changes, says) => {
    const state = standbys(changes);
    expect(state.enough).toBe(false);
    expect(state.missing.join('; ')).toMatch(says);
  });

  test('serves with one standby, and is whole with all', () => {
    expect(standbys({ streaming: ['y'] })).toMatchObject({ enough: true, whole: false });
    expect(standbys({})).toMatchObject({ enough: true, whole: true });
  });
});

test('one pod at a time where that is asked for: the next one when the one before is ready', () => {
  const tiers = TIERS.map((tier) => (tier.id === 'pooler' ? { ...tier, oneAtATime: true } : tier));
  const world = new World();
  world.wanted.set('pooler', 0);
  world.pods.set('pooler', []);
  const counts: number[] = [];
  for (let i = 0; i < 60; i++) {
    const decision = decide(tiers, REGION, world.look(), FREE);
    if (decision.kind === 'whole') break;
    if (decision.kind === 'act') {
      for (const step of decision.steps) {
        if (step.kind === 'release') counts.push(step.replicas);
        world.carryOut(step);
      }
    }
    world.tick();
  }
  expect(counts).toEqual([1, 2, 3]);
});

test('applications come one pod at a time after what they need, and the gateways last (PW-10, P3-4)', () => {
  const image = `registry.example.com/app@sha256:${'0'.repeat(64)}`;
  const workloads = [
    workloadWithDefaults({ name: 'anchor', image, needs: ['database', 'relay'] }),
    workloadWithDefaults({ name: 'api', image, needs: ['database'], public: { paths: ['/'] } }),
    workloadWithDefaults({ name: 'relay', image, needs: ['api'] }),
  ];
  const environment = { ...ENVIRONMENT, edge: {} as never, workloads };
  const tiers = tiersOf(environment, REGION).slice(TIERS.length);
  expect(tiers.map(({ id, oneAtATime, members }) => [id, oneAtATime, members])).toEqual([
    ['application-api', true, 3],
    ['application-relay', true, 3],
    ['application-anchor', true, 3],
    ['gateway-a', false, 1],
    ['gateway-b', false, 1],
    ['gateway-c', false, 1],
  ]);
  expect(tiers[0]).toMatchObject({ enough: 2, workload: { kind: 'Rollout', namespace: 'applications', name: 'api' } });
});

test('names without anything public behind them have nothing that is started', () => {
  const environment = { ...ENVIRONMENT, dns: { ...DNS_DEFAULTS, zoneName: 'example.com', zoneId: 'Z1' } };
  expect(tiersOf(environment, REGION)).toEqual(TIERS);
});
