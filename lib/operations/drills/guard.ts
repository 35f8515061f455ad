/** May this drill be run now? Pure: what was seen goes in, one answer with every reason comes out. What is not known counts as standing in the way. */
import { drillPrerequisites, drillRunner, isWithin } from '../../topology/drill-runners';
import type { Scenario } from '../../topology/scenarios';
import { WEEKDAYS } from '../../topology/types-drills';
import { blackoutOn, isDueNow, scheduleOf } from './calendar';
import { dayText, localTime, weekdayOf } from './local-time';
import { lastJudged, type DrillScope, type Proof } from './proof';
import { drillRegister } from './register';

/** CloudWatch's states, and `MISSING` for an alarm that does not exist. */
export type AlarmState = 'OK' | 'ALARM' | 'INSUFFICIENT_DATA' | 'MISSING';

export interface SeenAlarm {
  readonly name: string;
  readonly state: AlarmState;
}

/** Somebody agreed to one drill on one day. */
export interface DrillApproval {
  readonly drill: string;
  /** `YYYY-MM-DD` in the calendar's time zone. */
  readonly day: string;
  readonly by: string;
}

/** What a guard has seen; `unknown` where it could not look. */
export interface DrillSight {
  /** ms since 1970 */
  readonly now: number;
  /** `person`: not on schedule, but in the same hours and under the same conditions. */
  readonly askedBy: 'schedule' | 'person';
  readonly proofs: readonly Proof[] | 'unknown';
  /** Every alarm that stops a drill. */
  readonly alarms: readonly SeenAlarm[] | 'unknown';
  /** What is wrong, as people wrote it down; null: no incident is open. */
  readonly incident: { readonly title: string } | null | 'unknown';
  /** The drill that is running, whichever it is; null: none. */
  readonly running: { readonly drill: string } | null | 'unknown';
  /** Whether a failover of regions is under way. */
  readonly failover: boolean | 'unknown';
  readonly approval: DrillApproval | null | 'unknown';
}

export type GuardDecision =
  | { readonly kind: 'run'; readonly because: string }
  /** Nothing is wrong: the drill is not due. */
  | { readonly kind: 'skip'; readonly because: string }
  /** It is due, and something stands in the way that people should know of. */
  | { readonly kind: 'refuse'; readonly because: string };

type Obstacle = string | null;

/** An hour's drill may begin as long as its dead man's timer ends within the hours. */
const outsideHours = ({ drillPolicy }: DrillScope, { now }: DrillSight): Obstacle => {
  const { timeZone, weekdays, fromHour, toHour, longest } = drillPolicy;
  const local = localTime(now, timeZone);
  const weekday = WEEKDAYS[weekdayOf(local)];
  const minute = local.hour * 60 + local.minute;
  const inside = weekday !== undefined && weekdays.includes(weekday) && minute >= fromHour * 60 && minute + longest / 60 <= toHour * 60;
  const clock = `${weekday ?? ''} ${String(local.hour).padStart(2, '0')}:${String(local.minute).padStart(2, '0')} ${timeZone}`;
  const hours = `${weekdays.join(', ')} from ${fromHour} to ${toHour} o'clock, ending in time`;
  return inside ? null : `it is ${clock}, and drills are run on ${hours}`;
};

const inBlackout = ({ drillPolicy }: DrillScope, { now }: DrillSight): Obstacle => {
  const blackout = blackoutOn(localTime(now, drillPolicy.timeZone), drillPolicy);
  return blackout === null ? null : `blackout from ${blackout.from} to ${blackout.to}: ${blackout.because}`;
};

const openIncident = (_: DrillScope, { incident }: DrillSight): Obstacle => {
  if (incident === null) return null;
  return incident === 'unknown' ? 'nobody knows whether an incident is open' : `an incident is open: ${incident.title}`;
};

const ringingAlarms = (environment: DrillScope, { alarms }: DrillSight): Obstacle => {
  if (alarms === 'unknown') return 'the state of the alarms that stop a drill is not known';
  const unseen = environment.drillPolicy.stopAlarms.filter((name) => !alarms.some((alarm) => alarm.name === name));
  const bad = [...alarms.filter(({ state }) => state !== 'OK'), ...unseen.map((name) => ({ name, state: 'MISSING' as const }))];
  if (bad.length > 0) return `alarms are not OK: ${bad.map(({ name, state }) => `${name} (${state})`).join(', ')}`;
  return alarms.length === 0 ? 'no alarm could stop it' : null;
};

const twoAtOnce = (_: DrillScope, { running }: DrillSight): Obstacle => {
  if (running === null) return null;
  return running === 'unknown' ? 'nobody knows whether another drill is running' : `the drill "${running.drill}" is running, and two are never run at once`;
};

const failingOver = (environment: DrillScope, { failover }: DrillSight): Obstacle => {
  if (environment.failover === null || failover === false) return null;
  return failover === 'unknown' ? 'nobody knows whether a failover of regions is under way' : 'a failover of regions is under way';
};

const tooBig = (environment: DrillScope, _: DrillSight, drill: Scenario): Obstacle => {
  const { drillPolicy } = environment;
  const { radius } = drillRunner(environment, drill);
  return isWithin(radius, drillPolicy.blastRadius) ? null : `it takes away a ${radius}, and at most a ${drillPolicy.blastRadius} may be taken away`;
};

const unproved = (environment: DrillScope, { proofs, now }: DrillSight, drill: Scenario): Obstacle => {
  const needed = drillPrerequisites(drill);
  if (needed.length === 0) return null;
  if (proofs === 'unknown') return `whether ${needed.join(', ')} is proved is not known`;
  const missing = drillRegister(environment, proofs, now).filter((row) => needed.includes(row.drill) && row.standing !== 'fresh');
  const unscheduled = needed.filter((name) => !environment.drills.some((d) => d.drill === name));
  const reasons = [...missing.map((row) => `"${row.drill}" (${row.standing})`), ...unscheduled.map((name) => `"${name}" (not on the schedule)`)];
  return reasons.length === 0 ? null : `what has to be proved first is not: ${reasons.join(', ')}`;
};

const unapproved = (environment: DrillScope, { approval, now }: DrillSight, drill: Scenario): Obstacle => {
  const { drillPolicy } = environment;
  // An exercise takes nothing away.
  if (!drillPolicy.approval || drillRunner(environment, drill).kind === 'exercise') return null;
  if (approval === 'unknown') return 'whether somebody agreed is not known';
  const today = dayText(localTime(now, drillPolicy.timeZone));
  if (approval === null) return `nobody has agreed to it for ${today}`;
  if (approval.by.trim() === '') return 'the approval names nobody';
  return approval.drill === drill && approval.day === today ? null : `the approval of ${approval.by} is for "${approval.drill}" on ${approval.day}`;
};

/** Those that say "not today" without anything being wrong come first; asked by a person they refuse, so that he knows. */
const CALENDAR = [outsideHours, inBlackout];
const CONDITIONS = [tooBig, openIncident, ringingAlarms, twoAtOnce, failingOver, unproved, unapproved];

const obstacles = (
  guards: readonly ((e: DrillScope, s: DrillSight, drill: Scenario) => Obstacle)[],
  ...given: [DrillScope, DrillSight, Scenario]
): readonly string[] => guards.flatMap((guard) => guard(...given) ?? []);

const timeliness = (environment: DrillScope, drill: Scenario, sight: DrillSight): GuardDecision | null => {
  const calendar = obstacles(CALENDAR, environment, sight, drill);
  if (sight.askedBy === 'person') return calendar.length === 0 ? null : { kind: 'refuse', because: calendar.join('; ') };
  const blackout = inBlackout(environment, sight);
  if (blackout !== null) return { kind: 'skip', because: `${blackout}; it comes again a week later` };
  // A schedule that rings at a wrong hour is a schedule that somebody changed by hand.
  if (calendar.length > 0) return { kind: 'refuse', because: calendar.join('; ') };
  if (sight.proofs === 'unknown') return { kind: 'refuse', because: 'when it was run last is not known' };
  if (isDueNow(environment, drill, sight.now, lastJudged(sight.proofs, environment, drill))) return null;
  return { kind: 'skip', because: `it is not due: it is run once every ${scheduleOf(environment, drill).every}` };
};

/**
 * Decides about one drill.
 * @throws Error when the drill is not on the environment's schedule
 */
export const guardDrill = (environment: DrillScope, drill: Scenario, sight: DrillSight): GuardDecision => {
  scheduleOf(environment, drill);
  const untimely = timeliness(environment, drill, sight);
  if (untimely !== null) return untimely;
  const found = obstacles(CONDITIONS, environment, sight, drill);
  return found.length > 0
    ? { kind: 'refuse', because: found.join('; ') }
    : {
        kind: 'run',
        because: sight.askedBy === 'person' ? 'a person asked for it, and nothing stands in the way' : 'it is due, and nothing stands in the way',
      };
};
