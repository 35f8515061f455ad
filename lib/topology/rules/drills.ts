/** What must hold so that a scheduled drill can be run, can be stopped, and proves what it says. */
import { obstacleTo } from '../applicable';
import { atLeastAsOften, drillPrerequisites, drillRunner, isWithin, slotCount } from '../drill-runners';
import { WEEKDAYS, type Blackout, type DrillPolicy } from '../types-drills';
import type { Environment } from '../types';
import { quoted, rule, when, type Finding, type Rule } from './rule';

/** A rule on the drills of an environment that schedules any. */
const drillRule = (id: string, sentence: string, check: (environment: Environment) => readonly Finding[]): Rule =>
  rule(id, sentence, (environment) => (environment.drills.length === 0 ? [] : check(environment)));

export const drillsAreDistinct: Rule = drillRule('drills-are-distinct', 'A drill is on the schedule once, and concerns the environment.', (environment) =>
  environment.drills.flatMap(({ drill }, i) => {
    const obstacle = obstacleTo(environment, drill);
    return [
      ...when(
        environment.drills.slice(0, i).some((other) => other.drill === drill),
        () => ({ path: `drills[${i}].drill`, given: `"${drill}" a second time`, allowed: 'each drill once', fix: 'remove one of them' }),
      ),
      ...when(obstacle !== null, () => ({
        path: `drills[${i}].drill`,
        given: `"${drill}", but ${obstacle ?? ''}`,
        allowed: 'drills of what the environment has',
        fix: 'remove it',
      })),
    ];
  }),
);

export const drillsKeepTheirRadius: Rule = drillRule(
  'drills-keep-their-radius',
  'No drill takes away more than the policy allows, and a whole region only after somebody has agreed.',
  (environment) =>
    environment.drills.flatMap(({ drill }, i) => {
      const { drillPolicy } = environment;
      const { radius } = drillRunner(environment, drill);
      return [
        ...when(!isWithin(radius, drillPolicy.blastRadius), () => ({
          path: `drills[${i}].drill`,
          given: `"${drill}", which takes away a ${radius}, with drillPolicy.blastRadius "${drillPolicy.blastRadius}"`,
          allowed: `at most a ${drillPolicy.blastRadius}`,
          fix: `set drillPolicy.blastRadius to "${radius}", or remove the drill`,
        })),
        ...when(radius === 'region' && !drillPolicy.approval, () => ({
          path: 'drillPolicy.approval',
          given: `false, with the drill "${drill}" on the schedule`,
          allowed: 'true: a region is not given up by a timer alone',
          fix: 'set drillPolicy.approval to true, or remove the drill',
        })),
      ];
    }),
);

export const drillsBuildUp: Rule = drillRule(
  'drills-build-up',
  'Before a bigger part is taken away, the smaller one is proved, at least as often.',
  ({ drills }) =>
    drills.flatMap(({ drill, every }, i) =>
      drillPrerequisites(drill).flatMap((needed) => {
        const before = drills.find((other) => other.drill === needed);
        return when(before === undefined || !atLeastAsOften(before.every, every), () => ({
          path: `drills[${i}]`,
          given: `"${drill}" every ${every}, ${before === undefined ? `without "${needed}"` : `but "${needed}" only every ${before.every}`}`,
          allowed: `"${needed}" at least every ${every}`,
          fix: `add { drill: '${needed}', every: '${every}' }, or remove "${drill}"`,
        }));
      }),
    ),
);

/** The names of time zones are the platform's: it is asked, not copied. */
const isTimeZone = (name: string): boolean => {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
};

const hours = ({ fromHour, toHour }: DrillPolicy): readonly Finding[] =>
  when(fromHour >= toHour || toHour > 24, () => ({
    path: 'drillPolicy.toHour',
    given: `from ${fromHour} to ${toHour} o'clock`,
    allowed: 'whole hours of one day, the first below the second, at most 24',
    fix: 'use fromHour: 9, toHour: 15',
  }));

const room = ({ drills, drillPolicy }: Environment): readonly Finding[] => {
  const places = slotCount(drillPolicy);
  return when(places < drills.length, () => ({
    path: 'drillPolicy.weekdays',
    given: `room for ${places} drill${places === 1 ? '' : 's'} a week (${drillPolicy.weekdays.length} days, ${drillPolicy.fromHour} to ${drillPolicy.toHour} o'clock, ${drillPolicy.longest} s each), with ${drills.length} on the schedule`,
    allowed: 'a weekday and an hour for each: two drills are never run at once',
    fix: 'add weekdays or hours, shorten drillPolicy.longest, or remove drills',
  }));
};

export const drillCalendarHasRoom: Rule = drillRule(
  'drill-calendar-has-room',
  'The calendar exists, and has a weekday and an hour for every drill.',
  (environment) => {
    const { drillPolicy } = environment;
    return [
      ...when(!isTimeZone(drillPolicy.timeZone), () => ({
        path: 'drillPolicy.timeZone',
        given: JSON.stringify(drillPolicy.timeZone),
        allowed: 'an IANA name, for example "Europe/Berlin" or "UTC"',
        fix: 'look it up in the IANA time zone database',
      })),
      ...when(drillPolicy.weekdays.length === 0 || new Set(drillPolicy.weekdays).size < drillPolicy.weekdays.length, () => ({
        path: 'drillPolicy.weekdays',
        given: quoted(drillPolicy.weekdays),
        allowed: `at least one of ${WEEKDAYS.join(', ')}, each once`,
        fix: "use ['tue', 'wed', 'thu']",
      })),
      ...hours(drillPolicy),
      ...(hours(drillPolicy).length === 0 && drillPolicy.weekdays.length > 0 ? room(environment) : []),
    ];
  },
);

const LONGEST_BLACKOUT_DAYS = 92;
/** Midnight UTC of a day of the calendar, or null when there is no such day. */
const dayNumber = (text: string): number | null => {
  const time = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN;
  return Number.isNaN(time) || new Date(time).toISOString().slice(0, 10) !== text ? null : time / 86_400_000;
};

const blackout = ({ from, to, because }: Blackout, i: number): readonly Finding[] => {
  const path = `drillPolicy.blackouts[${i}]`;
  const [first, last] = [dayNumber(from), dayNumber(to)];
  if (first === null || last === null)
    return [{ path, given: `${JSON.stringify(from)} to ${JSON.stringify(to)}`, allowed: 'two days that exist, as YYYY-MM-DD', fix: "use '2026-12-18'" }];
  return [
    ...when(last < first || last - first >= LONGEST_BLACKOUT_DAYS, () => ({
      path,
      given: `${from} to ${to}`,
      allowed: `the last day not before the first, and at most ${LONGEST_BLACKOUT_DAYS} days: a proof would be stale by then`,
      fix: last < first ? 'swap them' : 'shorten it',
    })),
    ...when(because.trim() === '', () => ({
      path: `${path}.because`,
      given: 'an empty text',
      allowed: 'a reason',
      fix: 'say why, for example "year-end freeze"',
    })),
  ];
};

export const blackoutsAreDays: Rule = drillRule(
  'blackouts-are-days',
  'A blackout is from one day to another, has a reason, and does not outlast a quarter.',
  ({ drillPolicy }) => drillPolicy.blackouts.flatMap(blackout),
);

/** FIS experiments and the dead man's timer are counted in minutes; a Lambda that writes along can't go on for more than 15. */
const SHORTEST = 600;
const LONGEST = 4 * 3600;

export const drillsEnd: Rule = drillRule(
  'drills-end',
  'A drill has time to show its objective, ends by itself the same day, and is not stale before it could be repeated.',
  ({ drills, drillPolicy, objectives, failover }) => [
    ...when(!Number.isInteger(drillPolicy.longest / 60) || drillPolicy.longest < SHORTEST || drillPolicy.longest > LONGEST, () => ({
      path: 'drillPolicy.longest',
      given: `${drillPolicy.longest} s`,
      allowed: `whole minutes from ${SHORTEST} to ${LONGEST} s`,
      fix: 'use minutes(30)',
    })),
    ...drills.flatMap(({ drill }, i) =>
      when(drillRunner({ failover }, drill).kind !== 'exercise' && 2 * objectives[drill].rto > drillPolicy.longest, () => ({
        path: `drills[${i}].drill`,
        given: `"${drill}" with an RTO of ${objectives[drill].rto} s, and drillPolicy.longest of ${drillPolicy.longest} s`,
        allowed: `a drill that may take twice its objective: ${2 * objectives[drill].rto} s`,
        fix: 'raise drillPolicy.longest',
      })),
    ),
    ...when(drillPolicy.grace < 7 * 86_400 || drillPolicy.grace > 92 * 86_400, () => ({
      path: 'drillPolicy.grace',
      given: `${drillPolicy.grace} s`,
      allowed: 'a week (a drill that was left out comes again a week later) to 92 days',
      fix: 'use days(14)',
    })),
  ],
);

export const evidenceIsKept: Rule = drillRule(
  'evidence-is-kept',
  'Evidence is kept for 1 to 10 years, locked for good only where data is kept at all, and trusted by keys that are named in full.',
  ({ drillPolicy, retainData }) => [
    ...drillPolicy.trustedKeys.flatMap((key, i) =>
      when(!/^sha256:[0-9a-f]{64}$/.test(key), () => ({
        path: `drillPolicy.trustedKeys[${i}]`,
        given: JSON.stringify(key.slice(0, 80)),
        allowed: '"sha256:" and 64 hexadecimal digits',
        fix: 'copy it from what `holdfast drills verify` says of a file that the key has signed',
      })),
    ),
    ...when(drillPolicy.evidenceYears < 1 || drillPolicy.evidenceYears > 10, () => ({
      path: 'drillPolicy.evidenceYears',
      given: String(drillPolicy.evidenceYears),
      allowed: '1 to 10',
      fix: 'use 3',
    })),
    ...when(drillPolicy.evidenceLock === 'compliance' && !retainData, () => ({
      path: 'drillPolicy.evidenceLock',
      given: '"compliance" with retainData: false',
      allowed: '"governance": a stack that is deleted with its data could not delete this bucket for years',
      fix: 'use "governance", or set retainData to true',
    })),
  ],
);

/** CloudWatch's own limit. */
const LONGEST_ALARM_NAME = 255;
export const stopAlarmsAreNames: Rule = drillRule('stop-alarms-are-names', 'Alarms that stop a drill are given by name, each once.', ({ drillPolicy }) =>
  drillPolicy.stopAlarms.flatMap((name, i) =>
    when(name.trim() === '' || name.length > LONGEST_ALARM_NAME || name.startsWith('arn:') || drillPolicy.stopAlarms.indexOf(name) !== i, () => ({
      path: `drillPolicy.stopAlarms[${i}]`,
      given: JSON.stringify(name.slice(0, 60)),
      allowed: `the name of an alarm in the home region (not its ARN), at most ${LONGEST_ALARM_NAME} characters, once`,
      fix: 'write the name as CloudWatch shows it',
    })),
  ),
);

export const DRILL_RULES: readonly Rule[] = [
  drillsAreDistinct,
  drillsKeepTheirRadius,
  drillsBuildUp,
  drillCalendarHasRoom,
  blackoutsAreDays,
  drillsEnd,
  evidenceIsKept,
  stopAlarmsAreNames,
];
