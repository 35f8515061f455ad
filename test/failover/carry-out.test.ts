import { carryOut, MARK_BYTES, STUCK_SECONDS, STUCK_STOPPED_SECONDS, type RegionPorts } from '../../lib/failover/carry-out';
import type { RegionSight } from '../../lib/failover/region-observation';
import { member, primarySight, silentSight, standbySight } from './sights';

/** A world that shows one sight after the other, and remembers what was done. Time passes with every sleep. */
const world = (sights: Readonly<Record<string, readonly RegionSight[]>>, refuses = false): { ports: RegionPorts; done: string[]; clock: () => number } => {
  const done: string[] = [];
  const shown = new Map<string, number>();
  let now = 0;
  const next = (name: string): RegionSight => {
    const list = sights[name] ?? [];
    const i = shown.get(name) ?? 0;
    shown.set(name, i + 1);
    return list[Math.min(i, list.length - 1)] ?? silentSight(name);
  };
  const ports: RegionPorts = {
    observe: (name) => Promise.resolve(next(name)),
    observeMember: (name, asked) => Promise.resolve(next(name).members.find((m) => m.name === asked.name)),
    change: (name, patch) => Promise.resolve(void done.push(`${name} ${JSON.stringify(patch)}`)),
    standbyCluster: (_, primary) => ({ host: primary, port: 5433, primary_slot_name: 's', create_replica_methods: [] }),
    primaryStartTimeout: () => 0,
    refusesConnections: () => Promise.resolve(refuses),
    isolate: (name) => Promise.resolve(void done.push(`isolate ${name}`)),
    rebuild: (_, { name }) => Promise.resolve(void done.push(`rebuild ${name}`)),
    now: () => now,
    sleep: (seconds) => Promise.resolve(void (now += seconds)),
    report: () => undefined,
  };
  return { ports, done, clock: () => now };
};

test('a demotion is over when nothing listens where the primary was, not when it is merely silent', async () => {
  const stopping = primarySight('eu', 2, { members: [member('eu-1'), member('eu-2')] });
  const refusing = world({ eu: [primarySight('eu'), stopping] }, true);
  await carryOut(refusing.ports, { kind: 'demote', region: 'eu', target: 'us', epoch: 2 });
  expect(refusing.done).toEqual([expect.stringContaining('"holdfast":{"epoch":2,"primary":"us"')]);
  const silent = world({ eu: [primarySight('eu'), stopping] });
  await expect(carryOut(silent.ports, { kind: 'demote', region: 'eu', target: 'us', epoch: 2 })).rejects.toThrow(/primary of eu to end: not within 30 s/);
});

test('a primary that is back as a standby already has ended too', async () => {
  const back = standbySight('eu', 'us', 2, { members: [member('eu-0', { role: 'standby_leader' }), member('eu-1'), member('eu-2')] });
  const { ports } = world({ eu: [primarySight('eu'), back] });
  await carryOut(ports, { kind: 'demote', region: 'eu', target: 'us', epoch: 2 });
});

test('a demotion is not over while another member of the region takes writes', async () => {
  const other = primarySight('eu', 2, { members: [member('eu-1', { role: 'primary', state: 'running' }), member('eu-2')] });
  const { ports } = world({ eu: [primarySight('eu'), other] }, true);
  await expect(carryOut(ports, { kind: 'demote', region: 'eu', target: 'us', epoch: 2 })).rejects.toThrow(/primary of eu to end/);
});

test('the leader that promotes is asked alone, and the region again when another one leads', async () => {
  const roles = (...of: readonly string[]): RegionSight =>
    standbySight('us', 'eu', 1, { members: of.map((role, i) => member(`us-${i}`, { role, state: 'running' })) });
  const { ports, clock } = world({
    us: [roles('standby_leader', 'replica'), roles('replica', 'replica'), roles('replica', 'standby_leader'), roles('replica', 'primary')],
  });
  await carryOut(ports, { kind: 'await-primary', region: 'us' });
  expect(clock()).toBeCloseTo(0.16); // at once, not when the whole region is looked at anyway
});

describe('prepare', () => {
  const step = { kind: 'prepare', region: 'eu', target: 'us' } as const;
  const written = (bytes: number): RegionSight =>
    primarySight('eu', 1, { members: [member('eu-0', { role: 'primary', state: 'running', written: bytes }), member('eu-1')] });
  const replayed = (bytes: number): RegionSight => standbySight('us', 'eu', 1, { members: [member('us-0', { role: 'standby_leader', replayed: bytes })] });

  test('is over when the primary has written its mark, and the target has replayed up to it', async () => {
    const { ports, done, clock } = world({
      eu: [written(5), written(MARK_BYTES), written(MARK_BYTES + 5)],
      us: [replayed(9), replayed(MARK_BYTES + 4), replayed(MARK_BYTES + 5)],
    });
    await carryOut(ports, step);
    expect(done).toEqual([expect.stringContaining('"holdfast.handover":"1970')]);
    expect(clock()).toBeCloseTo(1.5); // Patroni would not hear of the demotion sooner
  });

  test('that nobody does is told, and the change goes on', async () => {
    const { ports, done } = world({ eu: [written(5)] });
    await carryOut({ ...ports, report: (line) => done.push(line) }, step);
    expect(done[1]).toMatch(/eu-0 has not written a checkpoint within 60 s/);
  });

  test('is refused without a primary', () => expect(carryOut(world({ eu: [silentSight('eu')] }).ports, step)).rejects.toThrow(/no primary/));
});

test('the target must have what the furthest member of the source has', async () => {
  const source = standbySight('eu', 'us', 2, { members: [member('eu-1', { received: 1500 }), member('eu-2', { received: 1400 })] });
  const at = (replayed: number): RegionSight => standbySight('us', 'eu', 1, { members: [member('us-0', { role: 'standby_leader', replayed })] });
  const { ports, clock } = world({ eu: [source], us: [at(1000), at(1499), at(1500)] });
  await carryOut(ports, { kind: 'await-everything', region: 'eu', target: 'us' });
  expect(clock()).toBeCloseTo(0.16);
});

test('one member that is silent besides the primary that ended may be the only one that has the last commits', async () => {
  const one = standbySight('eu', 'us', 2, { members: [member('eu-1')] });
  const two = standbySight('eu', 'us', 2, { members: [member('eu-1'), member('eu-2', { received: 1600 })] });
  const us = standbySight('us', 'eu', 1, { members: [member('us-0', { role: 'standby_leader', replayed: 1600 })] });
  const later = world({ eu: [one, one, two], us: [us] });
  await carryOut(later.ports, { kind: 'await-everything', region: 'eu', target: 'us' });
  expect(later.clock()).toBeCloseTo(0.16);
  const step = carryOut(world({ eu: [one], us: [us] }).ports, { kind: 'await-everything', region: 'eu', target: 'us' });
  await expect(step).rejects.toThrow(/all members of eu but one .* not within 30 s/);
});

test('everything is not known while the source still writes', async () => {
  const { ports } = world({ eu: [primarySight('eu')], us: [standbySight('us', 'eu')] });
  await expect(carryOut(ports, { kind: 'await-everything', region: 'eu', target: 'us' })).rejects.toThrow(/fence it first/);
});

test('a fence without evidence is not confirmed', async () => {
  const { ports } = world({ eu: [silentSight('eu')] });
  await expect(carryOut(ports, { kind: 'confirm-fence', region: 'eu' })).rejects.toThrow(
    /evidence that eu takes no writes: not within 30 s; nothing is undone/,
  );
});

test('a standby that reports streaming and does not move is built anew, the leader first, and once', async () => {
  const frozen = standbySight('eu', 'us', 2, {
    members: [member('eu-0', { role: 'standby_leader', replayed: 900 }), member('eu-1', { replayed: 900 }), member('eu-2', { replayed: 900 })],
  });
  const whole = standbySight('eu', 'us', 2);
  const { ports, done, clock } = world({ us: [primarySight('us', 2)], eu: [...Array<RegionSight>(60).fill(frozen), whole] });
  await carryOut(ports, { kind: 'await-standby', region: 'eu', primary: 'us' });
  expect(done[0]).toBe('rebuild eu-0');
  expect(new Set(done).size).toBe(done.length);
  expect(clock()).toBeGreaterThan(STUCK_SECONDS);
});

test('one that is being rewound is given more time, and a refused rebuilding is tried again', async () => {
  const rewinding = standbySight('eu', 'us', 2, {
    members: [member('eu-0', { role: 'standby_leader' }), member('eu-1'), member('eu-2', { state: 'stopped', received: undefined, replayed: undefined })],
  });
  const { ports, clock } = world({ us: [primarySight('us', 2)], eu: [...Array<RegionSight>(300).fill(rewinding), standbySight('eu', 'us', 2)] });
  const at: number[] = [];
  const rebuild = (): Promise<void> => (at.push(clock()), at.length < 3 ? Promise.reject(new Error('503 Cluster has no leader')) : Promise.resolve());
  const lines: string[] = [];
  await carryOut({ ...ports, rebuild, report: (line) => lines.push(line) }, { kind: 'await-standby', region: 'eu', primary: 'us' });
  expect(lines).toEqual(['eu-2 has not moved for 90 s: building it anew', '503 Cluster has no leader']);
  expect(at).toHaveLength(3);
  expect(at[0]).toBeGreaterThan(STUCK_STOPPED_SECONDS);
});

test('one that is late and moves is left alone', async () => {
  const moving = Array.from({ length: 90 }, (_, i) =>
    standbySight('eu', 'us', 2, { members: [0, 1, 2].map((n) => member(`eu-${n}`, { role: n === 0 ? 'standby_leader' : 'replica', replayed: 900 + i })) }),
  );
  const { ports, done } = world({ us: [primarySight('us', 2)], eu: [...moving, standbySight('eu', 'us', 2)] });
  await carryOut(ports, { kind: 'await-standby', region: 'eu', primary: 'us' });
  expect(done).toEqual([]);
});
