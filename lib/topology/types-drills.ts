/** The part of the model that decides when a promise is put to the test again. */
import type { Scenario } from './scenarios';
import type { Seconds } from './units';

/** How often a drill is run, from the most to the least often. */
export const DRILL_CADENCES = ['month', 'quarter', 'half-year', 'year'] as const;
export type DrillCadence = (typeof DRILL_CADENCES)[number];

export const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
export type Weekday = (typeof WEEKDAYS)[number];

/** The most that a drill may take away at a time, from the least to the most. */
export const BLAST_RADII = ['none', 'node', 'zone', 'region'] as const;
export type BlastRadius = (typeof BLAST_RADII)[number];

/** A drill run on a schedule. */
export interface DrillSchedule {
  /** Which. */
  readonly drill: Scenario;
  /** How often: `month`, `quarter`, `half-year` or `year`. By default what the catalogue asks: a lost node every month, the database every quarter, security twice a year, a lost region every year. */
  readonly every: DrillCadence;
}

/** Days on which no drill is run, both included. */
export interface Blackout {
  /** First day, `YYYY-MM-DD` in the calendar's time zone. */
  readonly from: string;
  /** Last day. */
  readonly to: string;
  /** Why, for whoever asks why a drill was left out. */
  readonly because: string;
}

/** When a drill may be run, what stops it, and how long its evidence is kept. One for all drills of an environment; two are never run at once. */
export interface DrillPolicy {
  /** Of the calendar: an IANA name such as `Europe/Berlin`. */
  readonly timeZone: string;
  /** Days on which people are there to see it. */
  readonly weekdays: readonly Weekday[];
  /** Local time of day: a drill begins at `fromHour` or later, and its dead man's timer ends it before `toHour`. */
  readonly fromHour: number;
  /** The end of the working day, a whole hour from 1 to 24. */
  readonly toHour: number;
  /** Freezes, holidays, sales: no drill on these days. */
  readonly blackouts: readonly Blackout[];
  /** Names of CloudWatch metric alarms (no composite ones), in the home region, that forbid a drill and stop one that runs; besides the one that Holdfast makes itself, on what its own writer sees. */
  readonly stopAlarms: readonly string[];
  /** The most that a drill may take away at a time: `none`, `node`, `zone` or `region`. */
  readonly blastRadius: BlastRadius;
  /** The dead man's timer: whatever the drill did is undone after so long, whoever forgot it. */
  readonly longest: Seconds;
  /** A proof is stale so long after the drill was due again. */
  readonly grace: Seconds;
  /** Whether somebody must have agreed to each run beforehand, by name. */
  readonly approval: boolean;
  /** Evidence can't be deleted for so many years. */
  readonly evidenceYears: number;
  /** Who can shorten that: `governance`: an administrator with a permission of its own; `compliance`: nobody, not even AWS, and this can't be undone. */
  readonly evidenceLock: 'governance' | 'compliance';
  /** Keys of people whose recorded exercises count, besides the environment's own key in KMS: `sha256:` and 64 hexadecimal digits, as `holdfast drills verify` shows them. */
  readonly trustedKeys: readonly string[];
}

/** What a user writes for a scheduled drill: which; how often has a default. */
export type DrillScheduleInput = Pick<DrillSchedule, 'drill'> & Partial<DrillSchedule>;
