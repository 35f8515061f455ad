import type { AnswerCount, FloodSecond } from '../../../lib/drill/edge/history';
import { parseFlood, tally } from '../../../lib/drill/edge/history';
import { judgeLimiter, type LimiterHistory } from '../../../lib/drill/edge/limiter';
import { judgeNonces, type NonceHistory, type NoncePhase, type Submission } from '../../../lib/drill/edge/nonces';
import { judgeOverload, type OverloadHistory } from '../../../lib/drill/edge/overload';
import { judgeSignatures, shareOfVerifying, type SignatureHistory } from '../../../lib/drill/edge/signatures';
import { worst, type Finding } from '../../../lib/drill/verdict';
import { EDGE_DEFAULTS } from '../../../lib/topology/defaults-edge';

const edge = EDGE_DEFAULTS;
const complaints = (findings: readonly Finding[]): readonly string[] => findings.filter((f) => f.verdict !== 'pass').map((f) => `${f.verdict} ${f.check}`);

const answer = (status: number, count: number, limit: string | null = null, retryAfter: number | null = null): AnswerCount => ({
  status,
  limit,
  retryAfter,
  count,
});
const second = (t: number, address: string, answers: readonly AnswerCount[]): FloodSecond => ({ kind: 'flood', t, address, answers, errors: 0 });
const seconds = (from: number, to: number): readonly number[] => Array.from({ length: to - from }, (_, i) => from + i + 1);
const ADDRESSES = ['203.0.113.2', '203.0.113.3'];

describe('overload', () => {
  // 1000 requests/s from two addresses: the application refuses until the gateway does, 10 s later.
  const early = (t: number, address: string): FloodSecond => second(t, address, [answer(404, 10), answer(429, 490, 'user', 10)]);
  const late = (t: number, address: string): FloodSecond => second(t, address, [answer(429, 500, 'address', 60)]);
  const history = (change: (s: FloodSecond) => FloodSecond = (s) => s, over: Partial<OverloadHistory> = {}): OverloadHistory => ({
    flood: ADDRESSES.flatMap((address) => [...seconds(0, 10).map((t) => early(t, address)), ...seconds(10, 20).map((t) => late(t, address))]).map(change),
    floodSeconds: 20,
    addresses: 2,
    addedP99: { gateway: 0.0004, application: 0.0015 },
    ...over,
  });
  const judge = (h: OverloadHistory): readonly string[] => complaints(judgeOverload(h, edge));

  it('passes when everybody is refused as the table says', () => expect(worst(judgeOverload(history(), edge).map((f) => f.verdict))).toBe('pass'));
  it('fails when a flooder over the limit is served', () =>
    expect(judge(history((s) => (s.t > 12 ? { ...s, answers: [answer(200, 100), answer(429, 400, 'address', 60)] } : s)))).toEqual(['fail flood-refused']));
  it('looks at a slower flood when it is over the limit, which is later', () => {
    const slow = (s: FloodSecond): FloodSecond => ({ ...s, answers: s.answers.map((a) => ({ ...a, count: a.count / 2 })) });
    expect(judge(history(slow))).toEqual(['unknown overload-reached', 'unknown flood-refused']);
  });
  it('fails when one address is never refused by the gateway', () =>
    expect(judge(history((s) => (s.address === ADDRESSES[1] ? early(s.t, s.address) : s)))).toContain('fail flood-refused'));
  it.each([
    ['another Retry-After than the table’s', answer(429, 500, 'address', 1)],
    ['none at all', answer(429, 500, 'address', null)],
  ])('fails with %s', (_what, wrong) => expect(judge(history((s) => (s.t > 12 ? { ...s, answers: [wrong] } : s)))).toEqual(['fail retry-after']));
  it('fails when nobody was refused: the protection is off', () =>
    expect(judge(history((s) => ({ ...s, answers: [answer(404, 500)] })))).toEqual(['fail flood-refused', 'fail retry-after']));
  it('cannot tell when the flood was smaller than it should be', () =>
    expect(judge(history((s) => s, { floodSeconds: 40 }))).toEqual(['unknown overload-reached']));
  it('fails when a limiter adds more than 2 ms, and cannot tell without a measurement', () =>
    expect(judge(history((s) => s, { addedP99: { gateway: 0.0025, application: null } }))).toEqual([
      'fail limiter-latency-gateway',
      'unknown limiter-latency-application',
    ]));
});

describe('invalid-signature-flood', () => {
  const history = (over: Partial<SignatureHistory> = {}): SignatureHistory => ({
    flood: ADDRESSES.flatMap((address) =>
      seconds(0, 20).map((t) => second(t, address, t === 1 ? [answer(401, 20), answer(403, 80, 'signatures', 60)] : [answer(403, 100, 'signatures', 60)])),
    ),
    idle: { seconds: 10, cpu: 1 },
    calibration: { seconds: 5, cpu: 1.5 },
    calibrated: 500,
    flooded: { seconds: 20, cpu: 2.1 },
    verified: 40,
    ...over,
  });
  it('passes when almost nothing was verified, and says what it cost', () => {
    expect(complaints(judgeSignatures(history()))).toEqual([]);
    expect(shareOfVerifying(history())).toBeCloseTo(0.0125, 4);
  });
  it('fails when everything was verified: the protection is off', () => {
    const all = history({
      flooded: { seconds: 20, cpu: 10 },
      verified: 4000,
      flood: ADDRESSES.flatMap((address) => seconds(0, 20).map((t) => second(t, address, [answer(401, 100)]))),
    });
    expect(complaints(judgeSignatures(all))).toEqual(['fail cpu', 'fail refused-before-verifying', 'fail blocked-by-gateway']);
  });
  it('fails when a forged receipt was taken', () =>
    expect(complaints(judgeSignatures(history({ flood: [...history().flood, second(21, 'x', [answer(201, 1)])] })))).toEqual(['fail never-accepted']));
  it('cannot tell when the cost of one is lost in what the pods do anyway', () =>
    expect(complaints(judgeSignatures(history({ calibration: { seconds: 5, cpu: 0.4 } })))).toEqual(['unknown cpu']));
});

describe('limiter-loses-state', () => {
  const served = (perSecond: number, from: number, to: number): readonly FloodSecond[] =>
    seconds(from, to).map((t) => second(t, 'a', [answer(404, perSecond), answer(429, 7, 'endpoint', 1)]));
  const phases = { steady: { from: 0, to: 10 }, away: { from: 10, to: 20 }, warming: { from: 20, to: 26 }, warm: { from: 26, to: 36 } };
  const history = (rates: Partial<Record<keyof typeof phases, number>> = {}): LimiterHistory => ({
    ...phases,
    pods: 3,
    greedy: (Object.keys(phases) as (keyof typeof phases)[]).flatMap((name) =>
      served({ steady: 10, away: 9, warming: 6, warm: 10, ...rates }[name], phases[name].from, phases[name].to),
    ),
  });
  const judge = (h: LimiterHistory, down = edge.limiterDown): readonly string[] => complaints(judgeLimiter(h, { ...edge, limiterDown: down }, 10));
  it('passes when each pod counts for itself and limits grow from half to whole', () => expect(judge(history())).toEqual([]));
  it('fails when nothing is limited while Redis is away', () => expect(judge(history({ away: 80 }))).toEqual(['fail limit-while-away']));
  it('fails when everybody has the whole limit at once afterwards', () => expect(judge(history({ warming: 10 }))).toEqual(['fail limit-warming']));
  it('fails when limits do not grow back', () => expect(judge(history({ warm: 5 }))).toEqual(['fail limit-warm']));
  it('fails when requests are refused with 5xx although that was not declared', () => {
    const h = history();
    const broken = { ...h, greedy: h.greedy.map((s) => (s.t > 12 && s.t < 18 ? { ...s, answers: [...s.answers, answer(503, 2)] } : s)) };
    expect(judge(broken)).toEqual(['fail declared-mode']);
  });
  it('judges by what was declared', () => {
    expect(judge(history({ away: 80 }), 'open')).toEqual([]);
    expect(judge(history(), 'closed')).toEqual(['fail limit-while-away', 'fail declared-mode']);
  });
});

describe('nonce-store-down', () => {
  const submission = (phase: NoncePhase, i: number, over: Partial<Submission> = {}): Submission => ({
    phase,
    nonce: `${phase}-${i}`,
    status: phase === 'away' ? 503 : 201,
    nonceChecked: phase === 'away' ? null : phase !== 'emergency',
    retryAfter: phase === 'away' ? 5 : null,
    seconds: 0.02,
    again: false,
    ...over,
  });
  const good: readonly Submission[] = [
    ...(['before', 'away', 'emergency', 'after'] as const).flatMap((phase) => [1, 2, 3].map((i) => submission(phase, i))),
    submission('after', 1, { status: 409, nonceChecked: null, again: true }),
  ];
  const history = (change: (s: Submission) => Submission = (s) => s, over: Partial<NonceHistory> = {}): NonceHistory => ({
    submissions: good.map(change),
    stored: new Map(good.filter((s) => s.status === 201).map((s) => [s.nonce, 1])),
    audited: new Set(['emergency-1', 'emergency-2', 'emergency-3']),
    ...over,
  });
  const judge = (h: NonceHistory): readonly string[] => complaints(judgeNonces(h));
  it('passes when nothing was taken unchecked but in the emergency, and that was written down', () => expect(judge(history())).toEqual([]));
  it('fails when a receipt was taken while the store was away: it fails unsafe', () => {
    const unsafe = history((s) => (s.nonce === 'away-2' ? { ...s, status: 201, nonceChecked: false } : s));
    expect(judge(unsafe)).toEqual(['fail fail-safe', 'fail stored']);
  });
  it('fails when a receipt that was refused is stored all the same', () =>
    expect(judge(history((s) => s, { stored: new Map([...(history().stored ?? []), ['away-1', 1]]) }))).toEqual(['fail stored']));
  it('fails when the refused ones waited for the store', () =>
    expect(judge(history((s) => (s.phase === 'away' ? { ...s, seconds: 3 } : s)))).toEqual(['fail circuit-breaker']));
  it('fails when a receipt of the emergency is not written down', () =>
    expect(judge(history((s) => s, { audited: new Set(['emergency-1']) }))).toEqual(['fail audited']));
  it('fails when a nonce could be used twice', () => expect(judge(history((s) => (s.again ? { ...s, status: 201 } : s)))).toEqual(['fail never-twice']));
  it('cannot tell without the database', () =>
    expect(judge(history((s) => s, { stored: null, audited: null }))).toEqual(['unknown audited', 'unknown stored']));
});

describe('the meter’s lines', () => {
  it('are read back as they were written', () =>
    expect(parseFlood([JSON.stringify(second(1, 'a', [answer(429, 2, 'address', 60)]))])).toEqual([second(1, 'a', [answer(429, 2, 'address', 60)])]));
  it('that are none are named', () => expect(() => parseFlood(['{"kind":"http"}'])).toThrow(/line 1 is not a second of a flood/));
  it('are added up for people', () =>
    expect(tally([second(1, 'a', [answer(429, 2, 'address', 60)]), second(2, 'b', [answer(429, 3, 'address', 60), answer(200, 1)])])).toEqual({
      '429 address retry-after 60': 5,
      '200': 1,
    }));
});
