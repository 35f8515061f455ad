import { serveTime } from '../../lab/acme/time-server';
import { askForTime } from '../../agents/clock-monitor/sntp';
import { judgeClock, type TimeSample } from '../../lib/operations/clocks';

const said = (...offsets: readonly (number | null)[]): readonly TimeSample[] =>
  offsets.map((offsetSeconds, i) =>
    offsetSeconds === null ? { source: `s${i}`, error: 'no answer' } : { source: `s${i}`, offsetSeconds, delaySeconds: 0.02 },
  );

describe('a clock', () => {
  test('is right while the servers say so', () => expect(judgeClock(said(0.01, -0.02, 0.005), 1)).toMatchObject({ kind: 'right', wrong: [] }));
  test('is off when they agree that it is', () => expect(judgeClock(said(1.5, 1.52, 1.49), 1)).toMatchObject({ kind: 'off', offsetSeconds: 1.5 }));
  test('is off in either direction', () => expect(judgeClock(said(-2, -2.01, -1.99), 1)).toMatchObject({ kind: 'off' }));
  test('is not judged by one server that is wrong', () => expect(judgeClock(said(0.01, 60, -0.01), 1)).toMatchObject({ kind: 'right', wrong: ['s1'] }));
  test('that is off is not called right by one server that is as wrong as it is', () =>
    expect(judgeClock(said(5, 0.0, 5.01), 1)).toMatchObject({ kind: 'off', wrong: ['s1'] }));
  test('is unknown when too few answer', () =>
    expect(judgeClock(said(0, null, null), 1)).toMatchObject({ kind: 'unknown', because: '1 of 3 sources answered, 2 must' }));
  test('is unknown when they contradict each other', () => expect(judgeClock(said(0, 10, -10, 20), 1)).toMatchObject({ kind: 'unknown' }));
});

describe('a time server is asked', () => {
  const PORT = 23_123;
  test('and its offset is what it is ahead of us', async () => {
    const server = await serveTime('127.0.0.1', PORT, () => 3.5);
    try {
      const sample = await askForTime('127.0.0.1', PORT);
      expect(sample.error).toBeUndefined();
      expect(sample.error === undefined ? sample.offsetSeconds : NaN).toBeCloseTo(3.5, 1);
    } finally {
      server.close();
    }
  });
  test('and the offset does not depend on a clock that is set while it waits', async () => {
    const server = await serveTime('127.0.0.1', PORT, () => 0);
    let reads = 0;
    try {
      // Of the clock in question only the first reading counts: from then on the steady one does.
      const sample = await askForTime('127.0.0.1', PORT, { now: () => Date.now() / 1000 + (reads++ === 0 ? 0 : 3600), steady: () => performance.now() / 1000 });
      expect(sample.error === undefined ? Math.abs(sample.offsetSeconds) : NaN).toBeLessThan(0.5);
    } finally {
      server.close();
    }
  });
  test('and silence is said, not taken for zero', async () =>
    expect(await askForTime('127.0.0.1', 23_124)).toMatchObject({ error: expect.stringMatching(/no answer|ECONNREFUSED/) as string }));
});
