import { interruptionOf } from '../../../lab/failover/drills';
import { splitOf, timelineOf, type Seen } from '../../../lab/failover/timeline';

const ran = (t: number, handler: string, result: object, failed = false): Seen => ({
  t,
  kind: 'invocation',
  function: `holdfast-lab-failover-${handler}`,
  failed,
  result: JSON.stringify(result),
});
// As seen when a region was lost in the lab for the first time, seconds of the run.
const seen: readonly Seen[] = [
  ran(90, 'record', { kind: 'told' }),
  ran(112, 'record', { kind: 'told' }),
  ran(118, 'lease', { kind: 'taken' }),
  ran(125, 'fence', { kind: 'fenced' }),
  ran(126, 'promote', { errorType: 'NotYet' }, true),
  ran(137, 'promote', { kind: 'promoted' }),
  ran(141, 'verify', { kind: 'verified' }),
  ran(142, 'switch', { kind: 'switched' }),
  { t: 105, kind: 'dns', addresses: ['10.50.6.20'] },
  { t: 144, kind: 'dns', addresses: ['10.60.6.20'] },
];

test('tells when each part of a failover was over', () =>
  expect(timelineOf(seen, 100, 'lab-failover', '10.60.6.20')).toEqual({
    decided: 12,
    leaseTaken: 18,
    fenced: 25,
    promoted: 37,
    verified: 41,
    switched: 42,
    answered: 44,
  }));
test('splits the time until the first write, and what was not seen is null, never 0', () => {
  expect(splitOf(timelineOf(seen, 100, 'lab-failover', '10.60.6.20'), 49)).toEqual({
    decide: 12,
    lease: 6,
    fence: 7,
    promote: 12,
    verify: 4,
    switch: 1,
    healthChecks: 2,
    dnsDrain: 5,
  });
  expect(splitOf(timelineOf(seen.slice(0, 4), 100, 'lab-failover', '10.60.6.20'), null)).toMatchObject({
    fence: 7,
    promote: null,
    verify: null,
    dnsDrain: null,
  });
});
test('interrupts each step at each moment in a series of 27', () => {
  const all = new Set(Array.from({ length: 27 }, (_, seed) => JSON.stringify(interruptionOf(seed + 100))));
  expect(all.size).toBe(27);
});
