/** Local time of an IANA time zone, by the platform's own tables. */

/** A minute of a calendar; months and days count from 1. */
export interface LocalTime {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
}

const formats = new Map<string, Intl.DateTimeFormat>();
const formatOf = (timeZone: string): Intl.DateTimeFormat => {
  const known = formats.get(timeZone);
  if (known !== undefined) return known;
  const made = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
  });
  formats.set(timeZone, made);
  return made;
};

/** What a clock on the wall shows at an instant (ms since 1970). @throws RangeError for an unknown time zone */
export const localTime = (instant: number, timeZone: string): LocalTime => {
  const parts = new Map(
    formatOf(timeZone)
      .formatToParts(instant)
      .map(({ type, value }) => [type, Number(value)]),
  );
  const part = (type: Intl.DateTimeFormatPartTypes): number => {
    const value = parts.get(type);
    if (value === undefined) throw new Error(`the platform gives no ${type} for ${timeZone}`);
    return value;
  };
  return { year: part('year'), month: part('month'), day: part('day'), hour: part('hour'), minute: part('minute') };
};

/** The same figures read as UTC: for arithmetic on the calendar. */
const asUtc = ({ year, month, day, hour, minute }: LocalTime): number => Date.UTC(year, month - 1, day, hour, minute);

const DAY = 86_400_000;

/**
 * The instant at which the wall's clock shows `local`. Of an hour that comes twice (the end of daylight saving) the first; null for one that is left out
 * (its beginning): EventBridge Scheduler does the same.
 */
export const instantOf = (local: LocalTime, timeZone: string): number | null => {
  const wanted = asUtc(local);
  const offset = (near: number): number => asUtc(localTime(near, timeZone)) - Math.floor(near / 60_000) * 60_000;
  // The offset of the day before and of the day after: one of them holds, whatever happens in between.
  const candidates = [wanted - offset(wanted - DAY), wanted - offset(wanted + DAY)].sort((a, b) => a - b);
  return candidates.find((instant) => asUtc(localTime(instant, timeZone)) === wanted) ?? null;
};

/** `2026-03-31` */
export const dayText = ({ year, month, day }: LocalTime): string => new Date(Date.UTC(year, month - 1, day)).toISOString().slice(0, 10);

/** 0: Monday. */
export const weekdayOf = (local: LocalTime): number => (new Date(asUtc(local)).getUTCDay() + 6) % 7;

/** The n-th day after, at midnight; the calendar's, not 24 hours. */
export const daysAfter = (local: LocalTime, n: number): LocalTime => {
  const date = new Date(Date.UTC(local.year, local.month - 1, local.day + n));
  return { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate(), hour: 0, minute: 0 };
};
