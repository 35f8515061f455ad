/** How a scheduled drill is carried out on AWS, what it takes away, and what must have been proved before. */
import { familyOf, type Scenario } from './scenarios';
import { BLAST_RADII, DRILL_CADENCES, type BlastRadius, type DrillCadence, type DrillSchedule } from './types-drills';

/** What injects the fault, and takes it back. */
export type DrillRunner =
  /** The Fault Injection Service: `node` terminates the instance that the primary is on; `zone` cuts one AZ's networks off for `seconds`. */
  | { readonly kind: 'fault'; readonly radius: 'node' | 'zone' }
  /** The state machine that fails regions over; nothing is broken for it, the home region gives up its role in an orderly way. */
  | { readonly kind: 'workflow'; readonly radius: 'region'; readonly workflow: 'failover' }
  /** People: the schedule opens the task, and the report that they record is the proof. Nothing of the environment is taken away. */
  | { readonly kind: 'exercise'; readonly radius: 'none' };

const EXERCISE: DrillRunner = { kind: 'exercise', radius: 'none' };
/** Drills that a machine starts on AWS; all others are exercises. */
const RUNNERS: Readonly<Partial<Record<Scenario, DrillRunner>>> = {
  'primary-node-dies': { kind: 'fault', radius: 'node' },
  'az-lost': { kind: 'fault', radius: 'zone' },
};
/**
 * How a drill is carried out in an environment. A machine finds the primary, and measures what clients see, by the doors and poolers that the failover of regions is
 * built on: where there is no failover, every drill is an exercise.
 */
export const drillRunner = ({ failover }: { readonly failover: unknown }, drill: Scenario): DrillRunner =>
  failover === null ? EXERCISE : (RUNNERS[drill] ?? EXERCISE);

/** A bigger part is taken away only while the proof stands that the smaller one is survived. */
const PREREQUISITES: Readonly<Partial<Record<Scenario, readonly Scenario[]>>> = {
  'az-lost': ['primary-node-dies'],
};
export const drillPrerequisites = (drill: Scenario): readonly Scenario[] => PREREQUISITES[drill] ?? [];

export const isWithin = (radius: BlastRadius, allowed: BlastRadius): boolean => BLAST_RADII.indexOf(radius) <= BLAST_RADII.indexOf(allowed);

/** Every month at most, so every quarter too. */
export const atLeastAsOften = (a: DrillCadence, b: DrillCadence): boolean => DRILL_CADENCES.indexOf(a) <= DRILL_CADENCES.indexOf(b);

/** The catalogue's schedule (PW-11). */
export const defaultCadence = (drill: Scenario): DrillCadence => {
  if (drill === 'primary-node-dies' || drill === 'primary-node-dark' || drill === 'node-drained') return 'month';
  const family = familyOf(drill);
  if (family === 'secrets') return 'half-year';
  return family === 'regions' || family === 'failover' || drill === 'region-cold-start' ? 'year' : 'quarter';
};

/** A cadence, at most, in days. */
export const CADENCE_DAYS: Readonly<Record<DrillCadence, number>> = { month: 31, quarter: 92, 'half-year': 184, year: 366 };

/** Each drill has a weekday and an hour of its own, so that two are never due at once. `n`: its place in the list. */
export interface DrillSlot {
  readonly weekday: number;
  readonly hour: number;
}

interface SlotPolicy {
  readonly weekdays: readonly string[];
  readonly fromHour: number;
  readonly toHour: number;
  readonly longest: number;
}

/** Hours that a drill has for itself: until its dead man's timer at the latest it is over. */
const slotHours = (policy: SlotPolicy): number => Math.max(1, Math.ceil(policy.longest / 3600));

/** How many drills the week has room for. */
export const slotCount = (policy: SlotPolicy): number =>
  Math.max(0, Math.floor((policy.toHour - policy.fromHour) / slotHours(policy))) * policy.weekdays.length;

/** The weekday (place in `policy.weekdays`) and the local hour at which the n-th drill of the list begins; one day after the other, then the next hour. */
export const slotOf = (policy: SlotPolicy, schedules: readonly DrillSchedule[], drill: Scenario): DrillSlot => {
  const n = schedules.findIndex((schedule) => schedule.drill === drill);
  if (n < 0) throw new Error(`drill "${drill}" is not on the schedule; there are ${schedules.map((s) => s.drill).join(', ') || 'none'}`);
  const days = policy.weekdays.length;
  return { weekday: n % days, hour: policy.fromHour + Math.floor(n / days) * slotHours(policy) };
};
