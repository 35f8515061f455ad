import { DynamoLease } from '../../lambdas/aws/lease-store';
import * as lease from '../../lib/failover/lease';
import type { LeaseAnswer, LeaseRecord } from '../../lib/failover/lease';
import { FakeTable } from './fake-dynamo';

/** Deterministic: a seed that fails, fails again (mulberry32). */
const random = (seed: number): (() => number) => {
  let a = seed;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
};

const REGIONS = ['eu-central-1', 'us-east-1'];
type Operation = readonly [name: 'create' | 'renew' | 'advance' | 'mark' | 'settle' | 'giveBack', request: never];

/** Sensible and senseless requests alike, around the present epoch. */
const operation = (next: () => number, epoch: number, now: number): Operation => {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)]!;
  const near = Math.max(1, epoch + pick([-1, 0, 0, 0, 1]));
  const execution = pick(['e-1', 'e-2', 'e-2-failback', `e-${epoch}`]);
  const name = pick(['create', 'renew', 'renew', 'advance', 'mark', 'mark', 'mark', 'settle', 'giveBack'] as const);
  const requests: Readonly<Record<Operation[0], object>> = {
    create: { environment: 'production', region: pick(REGIONS), epoch: near, now },
    renew: { region: pick(REGIONS), epoch: near, now },
    advance: { fromEpoch: near, to: pick(REGIONS), execution, now },
    mark: { epoch: near, execution, step: pick(lease.LEASE_STEPS), now },
    settle: { epoch: near, execution, now, cooldown: 1000 },
    giveBack: { epoch: near, execution, now, cooldown: 1000 },
  };
  return [name, requests[name] as never];
};

const storeOf = (table: FakeTable): DynamoLease => new DynamoLease('t', [table.replica('eu-west-1'), table.replica('eu-west-2')]);
const apply = (record: LeaseRecord | null, [name, request]: Operation): LeaseAnswer => lease[name](record, request);

test('the table says of 200 random histories what the rules say', async () => {
  let granted = 0;
  for (let seed = 1; seed <= 200; seed += 1) {
    const next = random(seed);
    const store = storeOf(new FakeTable());
    let model: LeaseRecord | null = null;
    for (let i = 0; i < 40; i += 1) {
      const asked = operation(next, model?.epoch ?? 1, i);
      const expected = apply(model, asked);
      const answer = await store[asked[0]](asked[1]);
      expect({ seed, i, answer }).toEqual({ seed, i, answer: expected });
      model = expected.record;
      granted += answer.kind === 'granted' ? 1 : 0;
      expect(await store.read()).toEqual(model);
    }
  }
  // Neither all granted nor all refused: both kinds of answers were compared.
  expect(granted).toBeGreaterThan(500);
});

test('whatever is lost on the way, no two executions are granted the same epoch, and what was granted once is there', async () => {
  for (let seed = 1; seed <= 100; seed += 1) {
    const next = random(seed);
    const table = new FakeTable();
    const store = storeOf(table);
    await store.create({ environment: 'production', region: 'eu-central-1', epoch: 1, now: 0 });
    table.fault = (region) => {
      const dice = next();
      if (region === 'eu-west-1' && dice < 0.3) return 'lost';
      if (dice < 0.45) return 'unanswered';
      return dice < 0.5 ? 'ReplicatedWriteConflictException' : undefined;
    };
    const contenders = ['a', 'b', 'c', 'd'].map(async (execution) => {
      try {
        return (await storeOf(table).advance({ fromEpoch: 1, to: 'us-east-1', execution, now: 1 })).kind === 'granted' ? [execution] : [];
      } catch {
        return []; // no answer: it may have been granted all the same
      }
    });
    const winners = (await Promise.all(contenders)).flat();
    table.fault = () => undefined;
    const record = await store.read();
    expect(winners.length).toBeLessThanOrEqual(1);
    if (winners.length === 1) expect(record?.execution).toBe(winners[0]);
  }
});

test('asks the second replica when the first does not answer', async () => {
  const table = new FakeTable();
  table.fault = (region) => (region === 'eu-west-1' ? 'lost' : undefined);
  expect(await storeOf(table).create({ environment: 'production', region: 'eu-central-1', epoch: 1, now: 0 })).toMatchObject({ kind: 'granted' });
});

test('says that nobody answers, and of which regions, when both are lost', async () => {
  const table = new FakeTable();
  table.fault = () => 'lost';
  await expect(storeOf(table).read()).rejects.toMatchObject({ name: 'NoAnswer', message: expect.stringMatching(/eu-west-1.*eu-west-2/) });
});

test('a missing permission is no lost store: it is refused, with its name', async () => {
  const table = new FakeTable();
  table.fault = () => 'AccessDeniedException';
  await expect(storeOf(table).read()).rejects.toMatchObject({ name: 'Refused', message: expect.stringMatching(/not permitted \(AccessDeniedException/) });
});

test.each([
  ['a text that is no record', { version: { N: '1' }, record: { S: 'hello' } }, /no record that can be read/],
  ['an epoch that is no number', { version: { N: '1' }, record: { S: JSON.stringify({ environment: 'p', epoch: 'two' }) } }, /the lease's epoch is "two"/],
])('nothing is concluded from %s, and nothing is written over it', async (_, item, message) => {
  const table = new FakeTable();
  table.items.set('lease|lease', { id: { S: 'lease' }, part: { S: 'lease' }, ...item });
  await expect(storeOf(table).renew({ region: 'eu-central-1', epoch: 1, now: 1 })).rejects.toMatchObject({
    name: 'CorruptLease',
    message: expect.stringMatching(message),
  });
  expect(table.writes).toBe(0);
});
