import { shift, type ShiftPorts } from '../../lambdas/decider/shift';
import { lookFrom } from '../../lambdas/decider/look';
import type { StartRequest } from '../../lambdas/aws/start-workflow';
import { Items } from '../../lambdas/aws/items';
import { create } from '../../lib/failover/lease';
import type { LeaseRecord } from '../../lib/failover/lease';
import { failoverSettings } from '../../lib/failover/settings';
import { namedEnvironment } from '../stacks/environments';
import { FakeTable } from './fake-dynamo';

const settings = failoverSettings(namedEnvironment('production'), 'us-east-1', '123456789012');
const MINUTE = 57_000;

interface Planted {
  readonly lease?: () => LeaseRecord | null;
  readonly entrance?: 'healthy' | 'unhealthy' | 'unknown';
  readonly hearing?: 'hears' | 'silent' | 'unknown';
  readonly start?: (request: StartRequest) => void;
}

const first = create(null, { environment: 'production', region: 'eu-central-1', epoch: 7, now: 0 }).record!;

/** A world whose clock goes forward only when somebody sleeps. */
const world = (
  planted: Planted = {},
  table = new FakeTable(),
): { readonly ports: ShiftPorts; readonly started: StartRequest[]; readonly told: string[]; readonly table: FakeTable; forward(ms: number): void } => {
  let now = 1_000_000;
  const started: StartRequest[] = [];
  const told: string[] = [];
  const { lease = () => first, entrance = 'healthy', hearing = 'hears' } = planted;
  const ports: ShiftPorts = {
    lease: { read: () => Promise.resolve().then(lease) },
    items: new Items('t', [table.replica('eu-west-1')]),
    clock: { now: () => now, elapsed: () => now, sleep: (ms) => Promise.resolve(void (now += ms)) },
    publicHealth: () => Promise.resolve(entrance),
    notify: { tell: (_, id) => Promise.resolve(void told.push(id)) },
    lookFrom: () => Promise.resolve({ hearing, fromTarget: entrance }),
    start: (request) => {
      planted.start?.(request);
      started.push(request);
      return Promise.resolve({ kind: 'started', name: `production-${request.fromEpoch}`, arn: 'arn' });
    },
    report: () => undefined,
  };
  return { ports, started, told, table, forward: (ms) => void (now += ms) };
};

test('a home region that is well is left alone, however long one looks', async () => {
  let renewals = 1;
  const { ports, started, told } = world({ lease: () => ({ ...first, renewals: (renewals += 1) }) });
  const result = await shift(settings, ports, 'a');
  expect(result).toEqual({ ticks: Math.floor(MINUTE / 5000), ended: 'minute over' });
  expect({ started, told }).toEqual({ started: [], told: [] });
});

test('a home region that is lost starts the failover once, in the region that takes over, with what was observed', async () => {
  const { ports, started } = world({ entrance: 'unhealthy', hearing: 'silent' });
  await shift(settings, ports, 'a');
  await shift(settings, ports, 'b');
  expect(started).toMatchObject([{ direction: 'failover', target: 'us-east-1', fromEpoch: 7, renewals: 1, person: null, forceLoss: null, dryRun: false }]);
});

test('a failover that could not be started is started by the next look', async () => {
  let failures = 2;
  const { ports, started } = world({
    entrance: 'unhealthy',
    hearing: 'silent',
    start: () => {
      if ((failures -= 1) >= 0) throw new Error('throttled');
    },
  });
  await shift(settings, ports, 'a');
  expect(started).toHaveLength(1);
});

test('what one minute has counted the next one goes on with', async () => {
  const { ports, started } = world({ entrance: 'unhealthy', hearing: 'silent' });
  for (const name of ['a', 'b', 'c', 'd', 'e', 'f', 'g']) await shift(settings, ports, name, 5_000);
  expect(started).toHaveLength(1);
});

test('of two calls at once one ends', async () => {
  const table = new FakeTable();
  const [one, two] = [world({}, table), world({}, table)];
  const results = await Promise.all([shift(settings, one.ports, 'a', 20_000), shift(settings, two.ports, 'b', 20_000)]);
  expect(results.map((r) => r.ended).sort()).toEqual(['another call looks', 'minute over']);
});

test('without an answer of the lease nothing is started, and somebody is called when the rest says lost', async () => {
  const silent = (): never => {
    throw new Error('no answer');
  };
  const seen = world({ entrance: 'unhealthy', hearing: 'silent', lease: silent });
  seen.table.fault = () => 'lost';
  await shift(settings, seen.ports, 'a');
  expect(seen.started).toEqual([]);
  expect(seen.told.length).toBeGreaterThan(0);
});

describe('what the target says', () => {
  const door = (status: unknown): { readonly status: () => Promise<never> } => ({
    status: () => (status instanceof Error ? Promise.reject(status) : Promise.resolve(status as never)),
  });
  const lost = new Error('no answer');
  test.each([
    ['hears, when the other door answers', lost, {}, 'hears'],
    ['hears, while its stream runs', { streaming: true }, lost, 'hears'],
    ['is silence, when its stream has ended and the other door is silent', { streaming: false }, lost, 'silent'],
    ['is not known, when its own door is silent too', lost, lost, 'unknown'],
    ['is not known, when it does not know of its stream', { streaming: null }, lost, 'unknown'],
  ])('%s', async (_, own, other, hearing) => {
    const ports = { region: (name: string) => door(name === 'us-east-1' ? own : other) as never, publicHealth: () => Promise.resolve('unknown' as const) };
    expect(await lookFrom(ports, 'us-east-1', 'eu-central-1')).toEqual({ hearing, fromTarget: 'unknown' });
  });
});
