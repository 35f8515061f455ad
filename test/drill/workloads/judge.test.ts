import type { HttpAttempt, WorkloadHistory } from '../../../lib/drill/workloads/history';
import { judgeWorkloads, type WorkloadExpectation } from '../../../lib/drill/workloads/judge';
import { requestsOf } from '../../../lib/drill/workloads/measure';
import { worst } from '../../../lib/drill/verdict';
import { attempt, expectation, goodHistory, keyOf, withAttempts } from './support';

const judge = (history: WorkloadHistory, over: Partial<WorkloadExpectation> = {}) => judgeWorkloads(history, expectation(over));
const verdictOf = (history: WorkloadHistory, check: string, over: Partial<WorkloadExpectation> = {}): string | undefined =>
  judge(history, over).findings.find((f) => f.check === check)?.verdict;
const complaintsOf = (history: WorkloadHistory, over: Partial<WorkloadExpectation> = {}): readonly string[] =>
  judge(history, over).findings.flatMap((f) => (f.verdict === 'pass' ? [] : [f.check]));

const is = (a: HttpAttempt, client: string, stream: string, id: number): boolean => a.client === client && a.stream === stream && a.id === id;
const dropped = <T>(map: ReadonlyMap<string, T> | null, key: string): ReadonlyMap<string, T> => new Map([...(map ?? [])].filter(([k]) => k !== key));

describe('a run in which nobody noticed anything', () => {
  it('passes every check', () => {
    expect(worst(judge(goodHistory()).findings.map((f) => f.verdict))).toBe('pass');
  });
  it('measures the gap, the latency and who answered', () => {
    const { measured, extra } = judge(goodHistory());
    expect(measured).toMatchObject({ gapSeconds: expect.closeTo(0.5, 5) as number, ackedLost: 0, readThenLost: 0, healthyAgainSeconds: 1 });
    expect(extra).toMatchObject({ failedRequests: 0, failedAttempts: 0, duplicated: 0, releases: [{ release: '1', answers: 900 }] });
    expect(extra['latencyP99Seconds']).toBeCloseTo(0.01, 5);
  });
});

describe('what is planted is found, and nothing else', () => {
  it('a request that no attempt of got served', () => {
    const history = withAttempts((a) => (is(a, 'b', 'order', 30) ? { ...a, outcome: 'refused', status: 503 } : a));
    expect(complaintsOf(history)).toEqual(['failed-requests', 'failed-attempts']);
  });
  it('an attempt that failed and was made good, where nobody may have to retry', () => {
    const history = withAttempts((a) =>
      is(a, 'b', 'read', 30)
        ? [
            { ...a, outcome: 'error', status: null, final: false },
            { ...a, attempt: 2, t: a.t + 0.1 },
          ]
        : a,
    );
    expect(complaintsOf(history)).toEqual(['failed-attempts']);
    expect(complaintsOf(history, { withoutRetries: false })).toEqual([]);
  });
  it('a client that was not answered for longer than the budget allows', () => {
    const history = withAttempts((a) => (a.client === 'c' && a.stream === 'event' && a.id > 30 && a.id < 38 ? [] : a));
    expect(complaintsOf(history)).toEqual(['gap']);
    expect(judge(history).measured.gapSeconds).toBeCloseTo(4, 5);
  });
  it('a client that was not served any more', () => {
    const history = withAttempts((a) => (a.client === 'c' && a.stream === 'fresh' && a.id > 30 ? [] : a));
    expect(judge(history).findings.find((f) => f.check === 'gap')?.detail).toMatch(/c, fresh.*not served any more/);
  });
  it('an acknowledged order that is gone, and that somebody had seen', () => {
    const good = goodHistory();
    const history = { ...good, orders: dropped(good.orders, keyOf('a', 'order', 40)) };
    expect(complaintsOf(history)).toEqual(['acknowledged-orders']);
    expect(judge(history).measured).toMatchObject({ ackedLost: 1, readThenLost: 1 });
  });
  it('an acknowledged event that is gone', () => {
    const good = goodHistory();
    expect(complaintsOf({ ...good, events: dropped(good.events, keyOf('a', 'event', 1)) })).toEqual(['acknowledged-events']);
  });
  it('an event that was replayed twice', () => {
    const good = goodHistory();
    const history = { ...good, events: new Map(good.events).set(keyOf('b', 'event', 3), 2) };
    expect(complaintsOf(history)).toEqual(['events-once']);
    expect(judge(history).extra['duplicated']).toBe(1);
  });
  it('an order that was never acknowledged and is there twice', () => {
    const good = withAttempts((a) => (is(a, 'a', 'order', 5) ? { ...a, outcome: 'error', status: null } : a));
    expect(complaintsOf({ ...good, orders: new Map(good.orders).set(keyOf('a', 'order', 5), 2) })).toEqual(['orders-once']);
  });
  it('a release that was not to answer anybody', () => {
    const history = withAttempts((a) => (is(a, 'a', 'session', 30) ? { ...a, release: 'bad' } : a));
    expect(complaintsOf(history)).toEqual(['releases']);
  });
  it('a release that was to stay and does not', () => {
    expect(complaintsOf(goodHistory(), { releases: { allowed: ['1', '2'], atEnd: '2' } })).toEqual(['release-at-end']);
  });
  it('a workload that is not whole in time', () => {
    expect(complaintsOf(goodHistory({ healthyAt: null }))).toEqual(['healthy-again']);
    expect(complaintsOf(goodHistory({ healthyAt: 41 }))).toEqual(['healthy-again']);
  });
});

describe('what can’t be told is unknown', () => {
  it.each([
    ['a meter that died', goodHistory({ dead: ['a'] }), 'steady-state'],
    ['a client that was not served before the fault', withAttempts((a) => (a.client === 'a' && a.t > 7 && a.t < 10 ? [] : a)), 'steady-state'],
    ['orders that could not be read', goodHistory({ orders: null }), 'acknowledged-orders'],
    ['answers without a release', withAttempts((a) => ({ ...a, release: null })), 'releases'],
    ['no request at all', goodHistory({ attempts: [] }), 'failed-requests'],
  ])('%s', (_, history, check) => {
    expect(verdictOf(history, check)).toBe('unknown');
  });
});

describe('who is judged', () => {
  it('a client beside the fault has no say in the service, and what it was told counts', () => {
    const excluded = { c: 'it is on the node that dies' };
    const history = withAttempts((a) => (a.client === 'c' && a.id > 20 ? { ...a, outcome: 'error', status: null } : a));
    expect(complaintsOf({ ...history, excluded })).toEqual([]);
    expect(complaintsOf({ ...history, excluded, orders: dropped(history.orders, keyOf('c', 'order', 3)) })).toEqual(['acknowledged-orders']);
  });
  it('what can’t be served during the fault is not asked for', () => {
    const history = withAttempts((a) => (a.stream === 'order' && a.id > 20 && a.id < 50 ? { ...a, outcome: 'refused', status: 503 } : a));
    expect(complaintsOf(history, { streams: ['event', 'session', 'read', 'fresh'] })).toEqual([]);
  });
  it('a request that was under way when the meter stopped is left out', () => {
    expect(requestsOf([attempt('a', 'read', 1, { final: false, outcome: 'error', status: null })])).toEqual([]);
  });
});
