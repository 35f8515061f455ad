import { calmSeconds, decide, signature } from '../../../agents/cache-keeper/decide';
import type { Step } from '../../../agents/cache-keeper/steps';
import { addressOf, changeNode, changeOwn, EXPECTED, failedOver, fresh, healthy, idOf, PODS, withNodes, without } from './cluster';

const CALM = calmSeconds(EXPECTED);
const kinds = (steps: readonly Step[]): readonly string[] => [...new Set(steps.map((s) => s.kind))];
const stepsOf = (steps: readonly Step[], kind: Step['kind']): readonly Step[] => steps.filter((s) => s.kind === kind);

test('leaves a healthy cluster alone, however long it is calm', () => {
  expect(decide(healthy(), EXPECTED, 1000)).toEqual([]);
});

describe('a new cluster', () => {
  test('gets its slots at the masters’ places, different epochs, and introductions', () => {
    const steps = decide(fresh(), EXPECTED, 0);
    expect(stepsOf(steps, 'add-slots').map((s) => s.pod)).toEqual(['cache-a-0', 'cache-b-0', 'cache-c-0']);
    expect(stepsOf(steps, 'set-epoch')).toMatchObject([{ epoch: 1 }, { epoch: 2 }, { epoch: 3 }]);
    expect(stepsOf(steps, 'meet')).toHaveLength((9 * 8) / 2);
    expect(stepsOf(steps, 'replicate')).toEqual([]);
  });

  test('is not made while a node is silent: it may hold what would be given away', () => {
    expect(kinds(decide(without(fresh(), 'cache-c-2'), EXPECTED, 0))).toEqual(['meet']);
  });

  test('gets its replicas once they know their masters', () => {
    const introduced = withNodes(healthy(), (n) =>
      n.pod.copy === 0
        ? n
        : { ...n, role: 'master', linkUp: false, empty: true, table: n.table.map((e) => (e.id === n.id ? { ...e, flags: ['master'], master: null } : e)) },
    );
    const steps = decide(introduced, EXPECTED, 0);
    expect(kinds(steps)).toEqual(['replicate']);
    expect(steps).toHaveLength(6);
    expect(steps).toContainEqual(expect.objectContaining({ pod: 'cache-b-1', master: idOf('cache-a-0') }));
  });
});

describe('a node that came back', () => {
  test('with another address is introduced to everybody', () => {
    const moved = changeNode(changeOwn(healthy(), 'cache-a-1', { address: '10.9.9.9' }), 'cache-a-1', { address: '10.9.9.9' });
    const steps = decide(moved, EXPECTED, 0);
    expect(kinds(steps)).toEqual(['meet']);
    expect(steps).toHaveLength(8);
  });

  test('without its volume, under a new id, is introduced, and follows the master of its place afterwards', () => {
    const wiped = changeNode(healthy(), 'cache-b-1', {
      id: 'new',
      role: 'master',
      linkUp: false,
      empty: true,
      table: [
        {
          ...PODS.map(() => healthy().nodes[0]?.table[0])[0]!,
          id: 'new',
          address: addressOf('cache-b-1'),
          flags: ['myself', 'master'],
          master: null,
          epoch: 0,
          slots: [],
        },
      ],
    });
    const steps = decide(wiped, EXPECTED, 0);
    expect(stepsOf(steps, 'meet')).toHaveLength(8);
    expect(stepsOf(steps, 'replicate')).toEqual([]);
  });

  test('and its old id is forgotten once nobody bears it, but not while anybody is silent', () => {
    const ghost = { ...healthy().nodes[0]!.table[0]!, id: 'gone', address: '10.1.1.1', flags: ['slave', 'fail'], slots: [] };
    const haunted = withNodes(healthy(), (n) => ({ ...n, table: [...n.table, ghost] }));
    expect(kinds(decide(haunted, EXPECTED, 0))).toEqual(['forget']);
    expect(stepsOf(decide(without(haunted, 'cache-a-0'), EXPECTED, 0), 'forget')).toEqual([]);
  });

  test('as a stale master that still claims its slots is left to the cluster, which demotes it', () => {
    const stale = changeOwn(failedOver(healthy(), 'cache-c-1'), 'cache-b-0', { flags: ['master'], master: null, epoch: 2, slots: [[5462, 10_922]] });
    expect(stepsOf(decide(changeNode(stale, 'cache-b-0', { role: 'master' }), EXPECTED, 0), 'replicate')).toEqual([]);
  });
});

test('a replica of another shard goes back to its own: no AZ keeps two copies of a shard', () => {
  const astray = changeOwn(healthy(), 'cache-a-2', { master: idOf('cache-a-0') });
  expect(decide(astray, EXPECTED, 0)).toEqual([expect.objectContaining({ kind: 'replicate', pod: 'cache-a-2', master: idOf('cache-b-0') })]);
});

test('a master without slots that holds keys is not made to throw them away', () => {
  const full = changeOwn(changeNode(healthy(), 'cache-a-2', { role: 'master', empty: false }), 'cache-a-2', { flags: ['master'], master: null });
  expect(decide(full, EXPECTED, 0)).toEqual([]);
});

test('slots that nobody has go to the master of their shard, and only when every node answers', () => {
  const torn = withNodes(healthy(), (n) => ({
    ...n,
    table: n.table.map((e) => (e.id === idOf('cache-b-0') ? { ...e, slots: [[5462, 10_000]] as const } : e)),
  }));
  expect(decide(torn, EXPECTED, 0)).toEqual([expect.objectContaining({ kind: 'add-slots', pod: 'cache-b-0', slots: [[10_001, 10_922]] })]);
  expect(decide(without(torn, 'cache-c-1'), EXPECTED, 0)).toEqual([]);
});

describe('a slot whose move was begun', () => {
  const begun = changeOwn(changeOwn(healthy(), 'cache-a-0', { open: [{ slot: 7, direction: 'migrating', other: idOf('cache-b-0') }] }), 'cache-b-0', {
    open: [{ slot: 7, direction: 'importing', other: idOf('cache-a-0') }],
  });

  test('is closed on both sides while no key has been moved', () => {
    expect(decide(begun, EXPECTED, 0)).toMatchObject([
      { kind: 'close-slot', pod: 'cache-a-0', slot: 7 },
      { kind: 'close-slot', pod: 'cache-b-0', slot: 7 },
    ]);
  });

  test('is left to a person when keys are on the other side, or that side is silent', () => {
    expect(decide(changeNode(begun, 'cache-b-0', { keysInOpenSlots: { 7: 1 } }), EXPECTED, 0)).toEqual([]);
    expect(decide(without(begun, 'cache-b-0'), EXPECTED, 0)).toEqual([]);
  });
});

test('what a takeover lowered comes back when enough replicas are in step, and not before', () => {
  const lowered = changeNode(healthy(), 'cache-a-0', { minReplicas: 0 });
  expect(decide(lowered, EXPECTED, 0)).toEqual([expect.objectContaining({ kind: 'set-min-replicas', pod: 'cache-a-0', replicas: 1 })]);
  expect(decide(changeNode(lowered, 'cache-a-0', { replicas: 0 }), EXPECTED, 0)).toEqual([]);
});

describe('a master away from home', () => {
  const away = failedOver(healthy(), 'cache-c-1');

  test('is led home when all has been calm long enough', () => {
    expect(decide(away, EXPECTED, CALM)).toEqual([expect.objectContaining({ kind: 'hand-over', pod: 'cache-b-0' })]);
  });

  test.each([
    ['too soon', away, CALM - 0.1],
    ['while a node is silent', without(away, 'cache-a-1'), CALM],
    ['while the node at home is not in step', changeNode(away, 'cache-b-0', { linkUp: false }), CALM],
    ['while the node at home is loading', changeNode(away, 'cache-b-0', { loading: true }), CALM],
    ['while a replica is missing', changeNode(away, 'cache-c-1', { replicas: 1 }), CALM],
  ])('stays where it is %s', (_, look, calm) => {
    expect(stepsOf(decide(look, EXPECTED, calm), 'hand-over')).toEqual([]);
  });

  test('goes before the next one: one handover at a time', () => {
    expect(decide(failedOver(away, 'cache-a-1'), EXPECTED, CALM)).toHaveLength(1);
  });
});

test('calm ends with every change of masters, of silent nodes and of links', () => {
  const before = signature(healthy(), EXPECTED);
  expect(signature(healthy(), EXPECTED)).toBe(before);
  for (const changed of [failedOver(healthy(), 'cache-c-1'), without(healthy(), 'cache-a-1'), changeNode(healthy(), 'cache-a-1', { linkUp: false })]) {
    expect(signature(changed, EXPECTED)).not.toBe(before);
  }
});
