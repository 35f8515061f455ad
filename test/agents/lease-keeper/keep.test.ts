import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bootId, bootSeconds } from '../../../agents/lease-keeper/boot-clock';
import { DeadlineFile, deadlineLine } from '../../../agents/lease-keeper/deadline-file';
import { replicasOf } from '../../../agents/lease-keeper/dynamodb';
import { Keeper, type KeeperPorts } from '../../../agents/lease-keeper/keep';
import { newMetrics, renderMetrics } from '../../../agents/lease-keeper/metrics';
import { KeeperStore } from '../../../agents/lease-keeper/store';
import { advance, create, type LeaseAnswer, type LeaseRecord } from '../../../lib/failover/lease';
import { leasePut } from '../../../lib/failover/lease-item';
import { merged, roleOf } from '../../../lib/failover/region-role';
import type { Vouch } from '../../../lib/failover/vouch';
import type { LeaseKeeperConfig } from '../../../lib/services/lease-keeper';
import { createAuthority, issueCertificate } from '../../../lab/pki';
import { FakeDynamoDb } from './fake-dynamodb';

const DURATION = 4;
const YES: Vouch = { vouches: true, because: 'I follow' };
const NO: Vouch = { vouches: false, because: 'I have promised' };
const PRIMARY = { ttl: 20, holdfast: { epoch: 4, primary: 'eu' } };

let directory: string;
let endpoint: string;
let tls: { cert: string; key: string };
let dynamo: FakeDynamoDb;
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'keeper-'));
  const authority = await createAuthority('ours');
  const pair = await issueCertificate(authority, { commonName: 'store', usages: ['serverAuth'], alternativeNames: ['IP:127.0.0.1'] });
  writeFileSync(join(directory, 'ca.crt'), authority.certificate);
  tls = { cert: pair.certificate, key: pair.key };
}, 60_000);
afterAll(() => rmSync(directory, { recursive: true }));
beforeEach(async () => {
  dynamo = new FakeDynamoDb();
  endpoint = await dynamo.start(tls);
});
afterEach(() => dynamo.stop());

const granted = (answer: LeaseAnswer): LeaseRecord => {
  if (answer.kind === 'refused') throw new Error(answer.because);
  return answer.record;
};
const held = granted(create(null, { environment: 'test', region: 'eu', epoch: 4, now: 0 }));
const put = (record: LeaseRecord): void => void (dynamo.item = leasePut('t', null, record).Item);

let files = 0;
/** A keeper of region eu, whose etcd says `config`. */
class World {
  config: Readonly<Record<string, unknown>> = PRIMARY;
  vouches: readonly (Vouch | undefined)[] = [YES];
  asked = 0;
  revision = 1;
  readonly file = join(directory, `lease-${(files += 1)}`);
  readonly deadline = new DeadlineFile(this.file, bootId());
  readonly metrics = newMetrics();
  readonly lines: string[] = [];
  readonly keeper: Keeper;

  constructor(requestTimeout = 1) {
    const lease = { table: 't', replicas: ['eu-west-1', 'eu-west-2'], duration: DURATION, renewEvery: 1, requestTimeout };
    const store = { kind: 'emulated', endpoint, ca: join(directory, 'ca.crt') } as const;
    const config: LeaseKeeperConfig = { environment: 'test', lease, store, file: this.file, listen: { host: '127.0.0.1', port: 1 } };
    const ports: KeeperPorts = {
      environment: 'test',
      region: 'eu',
      lease,
      store: new KeeperStore('t', replicasOf(config), (requestTimeout * 1000) / 2),
      peers: () => {
        this.asked += 1;
        return Promise.resolve(this.vouches);
      },
      role: () => ({ role: { ...roleOf(this.config), config: this.config, modRevision: this.revision }, linearizable: true, begunAt: bootSeconds() }),
      replaceConfig: (value, modRevision) => {
        if (modRevision !== this.revision) return Promise.resolve(false);
        this.config = value;
        this.revision += 1;
        return Promise.resolve(true);
      },
      deadline: this.deadline,
      metrics: this.metrics,
      clock: bootSeconds,
      wallClock: Date.now,
      log: (what, why) => void this.lines.push(`${what}: ${why}`),
    };
    this.keeper = new Keeper(ports);
  }

  /** Seconds, as the commit guard would read it; undefined: no file. */
  get written(): number | undefined {
    try {
      return Number(readFileSync(this.file, 'utf8').slice(0, 20)) / 1e9;
    } catch {
      return undefined;
    }
  }
}

describe('a renewal', () => {
  test('counts from before it was sent, not from its answer', async () => {
    put(held);
    dynamo.delay = 400;
    const world = new World(2);
    const before = bootSeconds();
    expect(await world.keeper.round()).toBe('extended');
    expect(bootSeconds() - before).toBeGreaterThan(0.39);
    // Computed after the answer it would be 0.4 s later, or more.
    expect(world.written).toBeGreaterThanOrEqual(before + DURATION - 0.02);
    expect(world.written).toBeLessThan(before + DURATION + 0.1);
  });
  test('is one request, once the record is known', async () => {
    put(held);
    const world = new World();
    await world.keeper.round();
    dynamo.asked.length = 0;
    await world.keeper.round();
    expect(dynamo.asked).toEqual(['eu-west-1 PutItem']);
    expect(dynamo.record).toMatchObject({ renewals: 3, holder: 'eu' });
  });
  test('loses a race against the keeper beside another member, and is made all the same', async () => {
    put(held);
    const [one, other] = [new World(), new World()];
    await one.keeper.round();
    expect(await Promise.all([one.keeper.round(), other.keeper.round(), one.keeper.round()])).toEqual(['extended', 'extended', 'extended']);
    expect(dynamo.record).toMatchObject({ renewals: 5 });
  });
  test('asks the second replica in time when the first is silent, and goes on with it', async () => {
    put(held);
    dynamo.silent.add('eu-west-1');
    const world = new World();
    expect(await world.keeper.round()).toBe('extended');
    dynamo.asked.length = 0;
    await world.keeper.round();
    expect(dynamo.asked).toEqual(['eu-west-2 PutItem']);
    expect(world.asked).toBe(0);
  });
  test('of a lease that is moved away extends nothing, and asks nobody to vouch', async () => {
    put(granted(advance(held, { fromEpoch: 4, to: 'us', execution: 'test-4', now: 0 })));
    const world = new World();
    expect(await world.keeper.round()).toBe('passing');
    expect({ written: world.written, asked: world.asked }).toEqual({ written: undefined, asked: 0 });
    expect(world.lines.join()).toContain('not renewed');
  });
  test('sees that the lease was moved between two renewals', async () => {
    put(held);
    const world = new World();
    await world.keeper.round();
    const until = world.written;
    dynamo.beforePut = () => put(granted(advance({ ...held, version: 99 }, { fromEpoch: 4, to: 'us', execution: 'test-4', now: 0 })));
    expect(await world.keeper.round()).toBe('passing');
    expect(world.written).toBe(until);
  });
});

describe('the first lease, and one that was given back', () => {
  test('a primary region without one makes it, then renews', async () => {
    const world = new World();
    expect([await world.keeper.round(), await world.keeper.round()]).toEqual(['again', 'extended']);
    expect(dynamo.record).toMatchObject({ environment: 'test', epoch: 4, holder: 'eu', phase: 'held' });
  });
  test('a later epoch of the same region is written to its etcd first', async () => {
    put({ ...held, epoch: 6 });
    const world = new World();
    expect([await world.keeper.round(), world.written, await world.keeper.round()]).toEqual(['again', undefined, 'extended']);
    expect(world.config).toEqual(merged(PRIMARY, { holdfast: { epoch: 6 } }));
  });
  test('a region that follows asks for nothing', async () => {
    put(held);
    const world = new World();
    world.config = { ...PRIMARY, standby_cluster: { host: 'x' } };
    expect(await world.keeper.round()).toBe('idle');
    expect(dynamo.asked).toEqual([]);
  });
});

describe('while the store is silent', () => {
  const silence = (vouches: readonly (Vouch | undefined)[]): World => {
    put(held);
    ['eu-west-1', 'eu-west-2'].forEach((region) => dynamo.silent.add(region));
    const world = new World(0.3);
    world.vouches = vouches;
    return world;
  };
  test('the word of every other region extends, from before anybody was asked', async () => {
    const world = silence([YES, YES]);
    const before = bootSeconds();
    expect(await world.keeper.round()).toBe('extended');
    expect(world.written).toBeLessThan(before + DURATION + 0.1);
    expect(world.metrics).toMatchObject({ failsafeExtensions: 1, storeErrors: 1, renewals: 0 });
  });
  test.each([
    ['one of them is silent', [YES, undefined]],
    ['one of them has promised', [YES, NO]],
    ['there is none', []],
  ])('nothing is extended when %s', async (_, vouches) => {
    const world = silence(vouches);
    expect(await world.keeper.round()).toBe('passing');
    expect(world.written).toBeUndefined();
  });
  test('the outage is told once, and so is its end', async () => {
    const world = silence([YES]);
    await world.keeper.round();
    await world.keeper.round();
    dynamo.silent.clear();
    await world.keeper.round();
    expect(world.lines.filter((line) => line.startsWith('lease store'))).toEqual([expect.stringContaining('does not answer'), 'lease store: answers']);
  });
});

describe('the deadline', () => {
  test('is a line of fixed length, rounded down', () => {
    const line = deadlineLine(12.3456789019, '0'.repeat(36));
    expect(line).toBe(`00000000012345678901 ${'0'.repeat(36)}\n`);
    expect(line).toHaveLength(58);
  });
  test('never goes back', () => {
    const file = new DeadlineFile(join(directory, 'back'), bootId());
    file.extendTo(20);
    file.extendTo(10);
    expect(file.deadline).toBe(20);
    expect(readFileSync(join(directory, 'back'), 'utf8')).toContain('00000000020000000000 ');
  });
  test('is shown as seconds left, and not at all before the first', () => {
    expect(renderMetrics(newMetrics(), undefined)).not.toContain('seconds_left');
    expect(renderMetrics(newMetrics(), -1.5)).toContain('holdfast_lease_seconds_left -1.5');
  });
  test('counts on a clock that is the system’s time since its start', () => {
    writeFileSync(join(directory, 'uptime'), 'garbage');
    expect(() => bootSeconds(join(directory, 'uptime'))).toThrow(/does not say how long/);
    expect(bootSeconds()).toBeGreaterThan(0);
  });
});
