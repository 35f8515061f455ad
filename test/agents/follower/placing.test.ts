import { placingLoop } from '../../../agents/follower/placing';
import type { EtcdClient } from '../../../agents/follower/etcd';
import { newMetrics } from '../../../agents/follower/metrics';
import { newState, type State } from '../../../agents/follower/state';
import type { EtcdMember, EtcdStatus } from '../../../agents/follower/placement';
import { HOSTS, sleep, until, World } from './fakes/world';

const members: readonly EtcdMember[] = [0, 1, 2].map((i) => ({ id: String(i + 1), name: `etcd-${i}`, learner: false }));
const statuses: readonly EtcdStatus[] = members.map((m) => ({ endpoint: `https://${m.name}`, memberId: m.id, leaderId: '1', appliedIndex: 1, errors: [] }));

/** Runs the loop for so many turns on a clock that only its sleeps move. */
const run = async (turns: number, transferLeadership: EtcdClient['transferLeadership'], prepare: (state: State) => void) => {
  const stop = new AbortController();
  const metrics = newMetrics();
  const lines: string[] = [];
  let now = 100_000;
  const state = newState(undefined, now);
  const etcd: Pick<EtcdClient, 'members' | 'statuses' | 'transferLeadership'> = {
    members: () => Promise.resolve(members),
    statuses: () => Promise.resolve(statuses),
    transferLeadership,
  };
  let turn = 0;
  const sleepFor = (ms: number): Promise<void> => {
    now += ms;
    turn += 1;
    if (turn > turns) stop.abort();
    if (state.reading) state.reading = { ...state.reading, at: now };
    return Promise.resolve();
  };
  const leader = { member: 'pg-x-0', modRevision: 1, address: undefined, primaryUrl: undefined };
  state.reading = { at: now, linearizable: true, clusterId: '7', leader, syncStandby: 'pg-x-1', handover: undefined };
  state.leaderSince = 0;
  prepare(state);
  await placingLoop({
    etcd,
    state,
    now: () => now,
    log: (what, why) => lines.push(`${what}: ${why}`),
    metrics,
    random: () => 0,
    sleep: sleepFor,
    stop: stop.signal,
  });
  return { metrics, lines };
};

test('a transfer that fails is tried again after a pause, and counted', async () => {
  const asked: string[] = [];
  const { metrics, lines } = await run(
    3,
    (via, id) => {
      asked.push(`${via} ${id}`);
      return Promise.reject(new Error('etcdserver: request timed out, leader transfer took too long'));
    },
    () => undefined,
  );
  expect(asked).toEqual(['https://etcd-0 3', 'https://etcd-0 3', 'https://etcd-0 3']);
  expect(metrics.placementFailures).toBe(3);
  expect(lines).toContain('etcd leader not moved: etcdserver: request timed out, leader transfer took too long');
});

test.each<[string, (state: State) => void]>([
  ['there is no reading', (state) => (state.reading = undefined)],
  ['the reading had no quorum', (state) => (state.reading = state.reading && { ...state.reading, linearizable: false })],
  ['there is no leader key', (state) => (state.reading = state.reading && { ...state.reading, leader: undefined })],
  ['the primary is new', (state) => (state.leaderSince = 99_999)],
])('nothing is moved while %s', async (_, prepare) => {
  const { metrics } = await run(1, () => Promise.reject(new Error('must not be asked')), prepare);
  expect(metrics).toMatchObject({ placementTransfers: 0, placementFailures: 0 });
});

test("by the JSON gateway: etcd's leader beside the primary is moved once, and then stays", async () => {
  const world = await World.make(true);
  try {
    await world.routedTo0();
    await until('transferred', () => world.etcd.transfers.length > 0, 25_000);
    expect(world.etcd.transfers).toEqual(['0:2']);
    await sleep(200);
    expect(await world.metric('etcd_leader_transfers_total')).toBe(1);
    expect(world.pgbouncer.host).toBe(HOSTS['pg-x-0']);
  } finally {
    await world.end();
  }
});
