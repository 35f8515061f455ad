import { checkRelease, clientOf, type CheckPorts, perRound, rounds } from '../../../agents/release-check/check';
import { judge, percentile, type Sample, type Verdict } from '../../../agents/release-check/judge';
import type { ReleaseCheckConfig } from '../../../lib/services/release-check';

const LIMITS = { maxErrorPercent: 1, maxP99Seconds: 1 };
const good: Sample = { status: 200, seconds: 0.01 };
const wrong: Sample = { status: 500, seconds: 0.01 };
const slow: Sample = { status: 200, seconds: 1.5 };
const of = (n: number, sample: Sample): readonly Sample[] => Array.from({ length: n }, () => sample);

describe('whether a new release may serve', () => {
  test.each<[string, readonly Sample[], Verdict['kind']]>([
    ['a sound one may', of(100, good), 'pass'],
    ['one that answers 500 may not', of(100, wrong), 'fail'],
    ['one that answers nothing may not', of(100, { status: 0, seconds: 3 }), 'fail'],
    ['one that is slow may not, although every answer is right', of(100, slow), 'fail'],
    ['1 % errors are allowed when 1 % is', [...of(99, good), wrong], 'pass'],
    ['2 % are not', [...of(98, good), ...of(2, wrong)], 'fail'],
    ['one slow answer of a hundred is the hundredth', [...of(99, good), slow], 'pass'],
    ['two are not', [...of(98, good), ...of(2, slow)], 'fail'],
    ['answers of clients’ faults (404) are answers', of(100, { status: 404, seconds: 0.01 }), 'pass'],
    ['too few requests say nothing, and nothing is not good', of(19, good), 'fail'],
    ['no request at all is not good', [], 'fail'],
    ['answers of a limit (429) say nothing of it', of(100, { status: 429, seconds: 0.001 }), 'fail'],
    ['and do not spoil the others', [...of(20, { status: 429, seconds: 0.001 }), ...of(80, good)], 'pass'],
    ['nor hide its errors', [...of(900, { status: 429, seconds: 0.001 }), ...of(99, good), ...of(2, wrong)], 'fail'],
  ])('%s', (_, samples, kind) => expect(judge(samples, LIMITS, samples.length, true).kind).toBe(kind));

  test('is refused as soon as nothing can save it, and not before', () => {
    expect(judge([wrong], LIMITS, 100, false).kind).toBe('go on');
    expect(judge([wrong, wrong], LIMITS, 100, false)).toEqual({ kind: 'fail', because: '2 of 2 requests failed (500); allowed: 1 %' });
    expect(judge(of(99, good), LIMITS, 100, false).kind).toBe('go on');
  });

  test('no error is allowed where none is', () => expect(judge([wrong], { ...LIMITS, maxErrorPercent: 0 }, 1000, false).kind).toBe('fail'));

  test('the 99th percentile is the nearest rank', () => {
    expect(percentile([], 99)).toBeUndefined();
    expect(percentile([3, 1, 2], 99)).toBe(3);
    expect(
      percentile(
        Array.from({ length: 100 }, (_, i) => i + 1),
        99,
      ),
    ).toBe(99);
  });
});

describe('the check of a release', () => {
  const CONFIG: ReleaseCheckConfig = { host: 'backend-canary', port: 8080, path: '/', durationSeconds: 15, intervalSeconds: 3, ...LIMITS };
  const world = (change: Partial<CheckPorts> = {}): CheckPorts & { asked: string[]; clock: () => number } => {
    let time = 0;
    const asked: string[] = [];
    return {
      asked,
      clock: () => time,
      resolve: () => Promise.resolve(['10.0.0.1', '10.0.0.2']),
      request: (address) => (asked.push(address), Promise.resolve(good)),
      sleep: (seconds) => ((time += seconds), Promise.resolve()),
      now: () => time,
      report: () => undefined,
      ...change,
    };
  };

  test('lasts as long as it is told, asks every pod, and makes the requests it planned', async () => {
    const ports = world();
    expect((await checkRelease(CONFIG, ports)).kind).toBe('pass');
    expect(ports.asked).toHaveLength(rounds(CONFIG) * perRound(CONFIG));
    expect(new Set(ports.asked).size).toBe(2);
    expect(ports.clock()).toBeGreaterThanOrEqual(12);
  });

  test('asks in the name of another user each time: no limit of one user stands before the release', async () => {
    const answered = new Map<string, number>();
    const ports = world({
      request: (_, client) => {
        answered.set(client, (answered.get(client) ?? 0) + 1);
        return Promise.resolve((answered.get(client) ?? 0) > 1 ? { status: 429, seconds: 0.01 } : good);
      },
    });
    expect((await checkRelease(CONFIG, ports)).kind).toBe('pass');
    expect(answered.size).toBe(rounds(CONFIG) * perRound(CONFIG));
    const users = Array.from({ length: 762 }, (_, i) => clientOf(i));
    expect(new Set(users).size).toBe(762);
    expect(users.every((user) => /^(192\.0\.2|198\.51\.100|203\.0\.113)\.([1-9]\d?|1\d\d|2[0-4]\d|25[0-4])$/.test(user))).toBe(true);
  });

  test('lets a release that fails every tenth request through less than once in 10,000 times', () => {
    const planned = rounds(CONFIG) * perRound(CONFIG);
    const of = (errors: number): Verdict => judge([...Array<Sample>(errors).fill(wrong), ...Array<Sample>(planned - errors).fill(good)], LIMITS, planned, true);
    let chance = 0.9 ** planned;
    let passes = 0;
    for (let errors = 0; of(errors).kind === 'pass'; errors += 1) {
      passes += chance;
      chance *= ((planned - errors) / (errors + 1)) * (0.1 / 0.9);
    }
    expect(passes).toBeGreaterThan(0);
    expect(passes).toBeLessThan(1e-4);
  });

  test('ends at once when the release answers 500', async () => {
    const ports = world({ request: () => Promise.resolve(wrong) });
    expect((await checkRelease(CONFIG, ports)).kind).toBe('fail');
    expect(ports.clock()).toBe(0);
  });

  test('fails when no pod of it appears', async () => {
    const ports = world({ resolve: () => Promise.resolve([]) });
    expect(await checkRelease(CONFIG, ports)).toEqual({ kind: 'fail', because: 'no pod of the release is ready: backend-canary has no address' });
  });

  test('waits for DNS to learn of it', async () => {
    let looks = 0;
    const ports = world({ resolve: () => Promise.resolve(looks++ < 4 ? [] : ['10.0.0.1']) });
    expect((await checkRelease(CONFIG, ports)).kind).toBe('pass');
  });

  test('a release whose pods vanish during the check fails: they are asked all the same', async () => {
    let gone = false;
    const ports: CheckPorts = world({
      resolve: () => Promise.resolve(gone ? [] : ['10.0.0.1']),
      request: () => {
        const sample = gone ? { status: 0, seconds: 3 } : good;
        gone = true;
        return Promise.resolve(sample);
      },
    });
    expect((await checkRelease(CONFIG, ports)).kind).toBe('fail');
  });
});
