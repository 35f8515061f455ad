import { fence } from '../../lib/failover/steps';
import type { FencePorts } from '../../lib/failover/steps/fence';
import { advance, create, mark, type LeaseRecord } from '../../lib/failover/lease';
import type { MemberSight, RegionSight } from '../../lib/failover/region-observation';
import { EXECUTION, request, settings } from './failback';

const member = (name: string, change: Partial<MemberSight>): MemberSight => ({
  name,
  address: '10.0.0.1',
  role: 'replica',
  state: 'streaming',
  timeline: 1,
  written: undefined,
  received: undefined,
  replayed: undefined,
  replayedAt: undefined,
  ...change,
});
const standby = (name: string, received: number): MemberSight => member(name, { received, replayed: received });

/** The old region, after it has been told to follow. */
const old = (members: readonly MemberSight[], epoch = 2): RegionSight => ({
  name: 'eu-central-1',
  at: 0,
  role: { initialized: true, follows: true, epoch, primary: 'us-east-1' },
  members,
  expectedMembers: 3,
  outside: undefined,
});

const leased = (): LeaseRecord => {
  const first = create(null, { environment: 'production', region: 'eu-central-1', epoch: 1, now: 0 }).record;
  const { record } = advance(first, { fromEpoch: 1, to: 'us-east-1', execution: EXECUTION, now: 0 });
  if (record === null) throw new Error('not leased');
  return record;
};

const world = (source: () => RegionSight, targetReplayed: number): FencePorts => {
  let [record, now]: [LeaseRecord | null, number] = [leased(), 0];
  const target: RegionSight = { ...old([]), name: 'us-east-1', members: [member('pg-use1-0', { role: 'standby_leader', replayed: targetReplayed })] };
  const role = target.role ?? { initialized: true, follows: true, epoch: 1, primary: 'eu-central-1' };
  const door = (name: string): object => ({
    promise: () => Promise.resolve({ kind: 'done', role }),
    demote: () => Promise.resolve({ kind: 'done', role }),
    members: () => Promise.resolve(name === 'us-east-1' ? target : source()),
  });
  return {
    lease: {
      mark: (wanted: Parameters<typeof mark>[1]) => {
        const answer = mark(record, wanted);
        record = answer.record;
        return Promise.resolve(answer);
      },
    },
    region: door,
    clock: { now: () => now, elapsed: () => now, sleep: (ms: number) => Promise.resolve(void (now += ms)) },
  } as unknown as FencePorts;
};

const STOPPED = member('pg-euc1-0', { role: 'demoted', state: 'starting' });

test('a primary that has ended is a fence before it is back as a standby, and the others say how far its log goes', async () => {
  const ports = world(() => old([STOPPED, standby('pg-euc1-1', 900), standby('pg-euc1-2', 1000)]), 1000);
  expect(await fence(settings, ports, request)).toMatchObject({ kind: 'fenced', details: { evidence: 'demoted', everythingReceived: true } });
});

test('a member that says nothing of its log in that moment is asked again, and not waited for in vain', async () => {
  let looks = 0;
  const ports = world(() => {
    looks += 1;
    return old([STOPPED, looks === 1 ? member('pg-euc1-1', {}) : standby('pg-euc1-1', 1000), standby('pg-euc1-2', 900)]);
  }, 1000);
  expect(await fence(settings, ports, request)).toMatchObject({ kind: 'fenced', details: { everythingReceived: true } });
  expect(ports.clock.elapsed()).toBeLessThan(1000);
});

test.each([
  ['which is not known', [STOPPED, member('pg-euc1-1', {}), standby('pg-euc1-2', 1000)], 1000, /not known/],
  ['of which it lacks a part', [STOPPED, standby('pg-euc1-1', 900), standby('pg-euc1-2', 1000)], 988, /12 bytes are missing/],
])('it is said why nobody is promoted: the end of the log, %s', async (_, members, replayed, reason) => {
  const ports = world(() => old(members), replayed);
  await expect(fence(settings, ports, request)).rejects.toThrow(reason);
});

test.each<[string, readonly MemberSight[], number, number]>([
  ['while it is ending still', [member('pg-euc1-0', { role: 'primary', state: 'stopping' }), standby('pg-euc1-1', 1000), standby('pg-euc1-2', 1000)], 2, 1000],
  ['while a member is silent', [STOPPED, standby('pg-euc1-1', 1000)], 2, 1000],
  ['by the word of an earlier epoch', [STOPPED, standby('pg-euc1-1', 1000), standby('pg-euc1-2', 1000)], 1, 1000],
  ['before the target has its log to the last byte', [STOPPED, standby('pg-euc1-1', 900), standby('pg-euc1-2', 1000)], 2, 999],
  ['when two have ended: one may have had more than the third', [STOPPED, { ...STOPPED, name: 'pg-euc1-1' }, standby('pg-euc1-2', 1000)], 2, 1000],
])('nobody is promoted %s', async (_, members, epoch, replayed) => {
  await expect(
    fence(
      settings,
      world(() => old(members, epoch), replayed),
      request,
    ),
  ).rejects.toMatchObject({ name: 'NotYet' });
});
