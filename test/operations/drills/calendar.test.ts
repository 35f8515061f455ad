import { cronOf, isDueNow, nextRun, plannedRuns, type DrillCalendar } from '../../../lib/operations/drills/calendar';
import { instantOf, localTime } from '../../../lib/operations/drills/local-time';
import { DRILL_POLICY_DEFAULTS } from '../../../lib/topology/defaults';
import type { DrillPolicy, DrillSchedule } from '../../../lib/topology/types';

const BERLIN: DrillPolicy = { ...DRILL_POLICY_DEFAULTS, timeZone: 'Europe/Berlin', weekdays: ['tue', 'thu'], fromHour: 10, toHour: 12 };
const DRILLS: readonly DrillSchedule[] = [
  { drill: 'primary-node-dies', every: 'month' },
  { drill: 'az-lost', every: 'quarter' },
  { drill: 'credentials-compromised', every: 'half-year' },
];
const berlin = (changes: Partial<DrillPolicy> = {}): DrillCalendar => ({ drills: DRILLS, drillPolicy: { ...BERLIN, ...changes } });
const at = (text: string): number => Date.parse(text);
const iso = (instant: number | null): string | null => (instant === null ? null : new Date(instant).toISOString());

describe('local time', () => {
  test.each([
    ['2026-03-29T00:59:00Z', 1, 59],
    ['2026-03-29T01:00:00Z', 3, 0],
    ['2026-10-25T00:30:00Z', 2, 30],
    ['2026-10-25T01:30:00Z', 2, 30],
  ])('Berlin shows at %s %i:%i', (instant, hour, minute) => expect(localTime(at(instant), 'Europe/Berlin')).toMatchObject({ hour, minute }));

  test.each([
    ['Europe/Berlin', { year: 2026, month: 7, day: 1, hour: 10, minute: 0 }, '2026-07-01T08:00:00.000Z'],
    ['Europe/Berlin', { year: 2026, month: 1, day: 1, hour: 10, minute: 0 }, '2026-01-01T09:00:00.000Z'],
    // Clocks go from 2 to 3: there is no half past two.
    ['Europe/Berlin', { year: 2026, month: 3, day: 29, hour: 2, minute: 30 }, null],
    // Clocks go from 3 back to 2: the first of two half past twos.
    ['Europe/Berlin', { year: 2026, month: 10, day: 25, hour: 2, minute: 30 }, '2026-10-25T00:30:00.000Z'],
    ['America/New_York', { year: 2026, month: 11, day: 1, hour: 1, minute: 0 }, '2026-11-01T05:00:00.000Z'],
    ['Australia/Lord_Howe', { year: 2026, month: 10, day: 4, hour: 2, minute: 15 }, null],
    ['Asia/Kathmandu', { year: 2026, month: 5, day: 1, hour: 0, minute: 0 }, '2026-04-30T18:15:00.000Z'],
    ['Pacific/Apia', { year: 2026, month: 1, day: 1, hour: 0, minute: 0 }, '2025-12-31T11:00:00.000Z'],
  ])('%s %j is %s', (zone, local, expected) => expect(iso(instantOf(local, zone))).toBe(expected));

  test('every hour of a year survives the way there and back, in zones with and without daylight saving', () => {
    const wrong = ['Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'UTC'].flatMap((zone) =>
      Array.from({ length: 366 * 24 }, (_, hour) => at('2026-01-01T00:00:00Z') + hour * 3_600_000).filter((instant) => {
        const back = instantOf(localTime(instant, zone), zone);
        // The second of two equal hours comes back as the first.
        return back !== instant && back !== instant - 3_600_000;
      }),
    );
    expect(wrong).toEqual([]);
  });
});

describe('the next run', () => {
  test('is in the drill’s own slot: tuesday at ten, thursday at ten, tuesday at eleven', () => {
    const now = at('2026-11-22T14:00:00Z');
    expect(iso(nextRun(berlin(), 'primary-node-dies', now, null))).toBe('2026-11-24T09:00:00.000Z');
    expect(iso(nextRun(berlin(), 'az-lost', now, null))).toBe('2026-11-26T09:00:00.000Z');
    expect(iso(nextRun(berlin(), 'credentials-compromised', now, null))).toBe('2026-11-24T10:00:00.000Z');
    expect(DRILLS.map(({ drill }) => cronOf(berlin(), drill))).toEqual(['cron(0 10 ? * TUE *)', 'cron(0 10 ? * THU *)', 'cron(0 11 ? * TUE *)']);
  });

  test('stays at ten o’clock when clocks change', () => {
    expect(iso(nextRun(berlin(), 'primary-node-dies', at('2026-03-20T00:00:00Z'), null))).toBe('2026-03-24T09:00:00.000Z');
    expect(iso(nextRun(berlin(), 'primary-node-dies', at('2026-03-30T00:00:00Z'), null))).toBe('2026-03-31T08:00:00.000Z');
  });

  test('leaves out the night on which its hour does not exist', () => {
    const nightly = berlin({ weekdays: ['sun'], fromHour: 2, toHour: 5 });
    expect(iso(nextRun(nightly, 'primary-node-dies', at('2026-03-28T00:00:00Z'), at('2026-02-10T00:00:00Z')))).toBe('2026-04-05T00:00:00.000Z');
  });

  test('comes once a month, whatever the month had', () => {
    expect(iso(nextRun(berlin(), 'primary-node-dies', at('2026-11-24T09:00:01Z'), at('2026-11-24T09:00:00Z')))).toBe('2026-12-01T09:00:00.000Z');
    expect(iso(nextRun(berlin(), 'primary-node-dies', at('2026-11-03T12:00:00Z'), at('2026-10-06T09:00:00Z')))).toBe('2026-11-10T09:00:00.000Z');
  });

  test('of a quarter is in its second month, and at once when the quarter before had none', () => {
    expect(iso(nextRun(berlin(), 'az-lost', at('2026-11-30T00:00:00Z'), at('2026-11-26T09:00:00Z')))).toBe('2027-02-04T09:00:00.000Z');
    expect(iso(nextRun(berlin(), 'az-lost', at('2027-01-01T00:00:00Z'), at('2026-09-03T09:00:00Z')))).toBe('2027-01-07T09:00:00.000Z');
  });

  test('is after a blackout, and in the week after it, not in the next period', () => {
    const frozen = berlin({ blackouts: [{ from: '2026-12-01', to: '2026-12-08', because: 'sale' }] });
    expect(iso(nextRun(frozen, 'primary-node-dies', at('2026-11-25T00:00:00Z'), at('2026-11-24T09:00:00Z')))).toBe('2026-12-15T09:00:00.000Z');
  });

  test('is none when all days are blackouts', () => {
    const never = berlin({ blackouts: [{ from: '2026-01-01', to: '2036-01-01', because: 'never' }] });
    expect(nextRun(never, 'primary-node-dies', at('2026-11-25T00:00:00Z'), null)).toBeNull();
  });

  test('is refused for a drill that is not on the schedule', () =>
    expect(() => nextRun(berlin(), 'disk-full', 0, null)).toThrow(/"disk-full" is not on the schedule; there are primary-node-dies/));
});

describe('the calendar', () => {
  test('has twelve, four and two runs a year, and never two at the same time', () => {
    const [from, to] = [at('2027-01-01T00:00:00Z'), at('2028-01-01T00:00:00Z')];
    const runs = plannedRuns(berlin(), from, to, () => at('2026-12-31T00:00:00Z'));
    expect(DRILLS.map(({ drill }) => runs.filter((run) => run.drill === drill).length)).toEqual([12, 4, 2]);
    expect(new Set(runs.map((run) => run.at)).size).toBe(runs.length);
  });

  test('rings in the slot and shortly after, not before and not an hour later', () => {
    const due = (text: string): boolean => isDueNow(berlin(), 'primary-node-dies', at(text), at('2026-10-06T09:00:00Z'));
    expect(['2026-11-24T08:59:59Z', '2026-11-24T09:00:00Z', '2026-11-24T09:14:59Z', '2026-11-24T10:00:00Z'].map(due)).toEqual([false, true, true, false]);
  });
});
