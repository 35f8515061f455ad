/**
 * When a drill is run: once in each period of its cadence, in its own weekly slot, never on a day of a blackout. A slot that is missed (a blackout, an open incident, an
 * alarm) comes again a week later, in the same period.
 */
import { slotOf } from '../../topology/drill-runners';
import type { Scenario } from '../../topology/scenarios';
import { WEEKDAYS, type Blackout, type DrillCadence, type DrillPolicy, type DrillSchedule } from '../../topology/types-drills';
import { dayText, daysAfter, instantOf, localTime, weekdayOf, type LocalTime } from './local-time';

/** What the calendar needs of an environment. */
export interface DrillCalendar {
  readonly drills: readonly DrillSchedule[];
  readonly drillPolicy: DrillPolicy;
}

/** One run to come. */
export interface PlannedRun {
  readonly drill: Scenario;
  /** ms since 1970 */
  readonly at: number;
}

const MONTHS: Readonly<Record<DrillCadence, number>> = { month: 1, quarter: 3, 'half-year': 6, year: 12 };
/** The month of its period, from 0, in which a drill is due: not all of them in January, and with months to spare if it has to be put off. */
const FIRST_MONTH: Readonly<Record<DrillCadence, number>> = { month: 0, quarter: 1, 'half-year': 2, year: 4 };

const monthNumber = ({ year, month }: LocalTime): number => year * 12 + month - 1;
/** Periods are counted through: the second quarter of 2026 comes one after the first. */
const periodOf = (local: LocalTime, every: DrillCadence): number => Math.floor(monthNumber(local) / MONTHS[every]);

export const scheduleOf = ({ drills }: DrillCalendar, drill: Scenario): DrillSchedule => {
  const schedule = drills.find((each) => each.drill === drill);
  if (schedule === undefined) throw new Error(`drill "${drill}" is not on the schedule; there are ${drills.map((d) => d.drill).join(', ') || 'none'}`);
  return schedule;
};

/** The blackout that a local day lies in, or null. */
export const blackoutOn = (local: LocalTime, { blackouts }: DrillPolicy): Blackout | null => {
  const day = dayText(local);
  return blackouts.find(({ from, to }) => from <= day && day <= to) ?? null;
};

/** Years ahead that are looked at: no blackout and no cadence is longer. */
const HORIZON_DAYS = 3 * 366;

/** The drill's slots from an instant on, in order, whether it is due or not; blackouts left out. */
function* slotsFrom(calendar: DrillCalendar, drill: Scenario, from: number): Generator<number> {
  const { drillPolicy } = calendar;
  const slot = slotOf(drillPolicy, calendar.drills, drill);
  const weekday = WEEKDAYS.indexOf(drillPolicy.weekdays[slot.weekday] ?? 'mon');
  const first = localTime(from, drillPolicy.timeZone);
  for (let n = 0; n <= HORIZON_DAYS; n += 1) {
    const day = daysAfter(first, n);
    if (weekdayOf(day) !== weekday || blackoutOn(day, drillPolicy) !== null) continue;
    const at = instantOf({ ...day, hour: slot.hour }, drillPolicy.timeZone);
    if (at !== null && at >= from) yield at;
  }
}

/** Whether a slot is one in which the drill is to be run, after one that was judged at `last` (null: never). */
const isDue = (slot: number, last: number | null, { every }: DrillSchedule, timeZone: string): boolean => {
  const local = localTime(slot, timeZone);
  const since = last === null ? Number.POSITIVE_INFINITY : periodOf(local, every) - periodOf(localTime(last, timeZone), every);
  if (since <= 0) return false;
  // Nothing has been proved in the period before, or ever: as soon as possible.
  if (since > 1) return true;
  return monthNumber(local) % MONTHS[every] >= FIRST_MONTH[every];
};

/**
 * The next run at or after `now`, ms; null when three years have none (blackouts).
 * @param last when the drill was judged last: passed or failed; one that could not be judged proves nothing and is repeated
 */
export const nextRun = (calendar: DrillCalendar, drill: Scenario, now: number, last: number | null): number | null => {
  const schedule = scheduleOf(calendar, drill);
  for (const slot of slotsFrom(calendar, drill, now)) if (isDue(slot, last, schedule, calendar.drillPolicy.timeZone)) return slot;
  return null;
};

/** So long after its slot a schedule may still ring: deliveries are repeated. */
const LATE_MS = 15 * 60_000;

/** Whether `now` is the drill's slot, and the drill is due in it. */
export const isDueNow = (calendar: DrillCalendar, drill: Scenario, now: number, last: number | null): boolean => {
  const slot = nextRun(calendar, drill, now - LATE_MS, last);
  return slot !== null && slot <= now;
};

/** Every run between two instants if each one is carried out, in order. */
export const plannedRuns = (calendar: DrillCalendar, from: number, to: number, lastOf: (drill: Scenario) => number | null): readonly PlannedRun[] =>
  calendar.drills
    .flatMap(({ drill }) => {
      const runs: PlannedRun[] = [];
      let at = nextRun(calendar, drill, from, lastOf(drill));
      while (at !== null && at < to) {
        runs.push({ drill, at });
        at = nextRun(calendar, drill, at + 1, at);
      }
      return runs;
    })
    .sort((a, b) => a.at - b.at || a.drill.localeCompare(b.drill));

/** The drill's slot as EventBridge Scheduler writes it: every week; whether it is due is the guard's to say. `cron(0 13 ? * TUE *)` */
export const cronOf = ({ drills, drillPolicy }: DrillCalendar, drill: Scenario): string => {
  const slot = slotOf(drillPolicy, drills, drill);
  const weekday = drillPolicy.weekdays[slot.weekday];
  if (weekday === undefined) throw new Error(`the calendar has no weekday for the drill "${drill}"`);
  return `cron(0 ${slot.hour} ? * ${weekday.toUpperCase()} *)`;
};
