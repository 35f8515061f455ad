/** The register of an environment: every scheduled drill with its last and its next run, and whether its proof still stands (PW-11). */
import { CADENCE_DAYS } from '../../topology/drill-runners';
import type { Scenario } from '../../topology/scenarios';
import type { DrillCadence, DrillSchedule } from '../../topology/types-drills';
import { nextRun } from './calendar';
import { lastJudged, lastPassed, latest, ownProofs, type DrillScope, type Proof } from './proof';

/** `fresh`: it passed, and not too long ago. `stale`: it passed, too long ago. `failed`: the latest judged run failed. `never`: nothing signed of this environment says that it passed. */
export type Standing = 'fresh' | 'stale' | 'failed' | 'never';

export interface RegisterRow {
  readonly drill: Scenario;
  readonly environment: string;
  readonly every: DrillCadence;
  /** The latest signed run here, whatever its verdict; null: none. */
  readonly last: Proof | null;
  /** The latest run of a laboratory, unsigned: shown, and no proof of this environment. */
  readonly lab: Proof | null;
  /** ISO time of the next run, null: the calendar has none. */
  readonly next: string | null;
  /** ISO time from which on the proof is stale, null: there is none. */
  readonly staleFrom: string | null;
  readonly standing: Standing;
}

const DAY_MS = 86_400_000;
const iso = (instant: number | null): string | null => (instant === null ? null : new Date(instant).toISOString());

/** From when on a proof is stale: when the drill is due again, and the grace is over. */
export const staleFrom = (passed: number, { every }: DrillSchedule, { drillPolicy }: Pick<DrillScope, 'drillPolicy'>): number =>
  passed + CADENCE_DAYS[every] * DAY_MS + drillPolicy.grace * 1000;

const standingOf = (last: Proof | null, passed: number | null, stale: number | null, now: number): Standing => {
  if (last?.verdict === 'fail') return 'failed';
  if (passed === null || stale === null) return 'never';
  return now < stale ? 'fresh' : 'stale';
};

const rowOf = (environment: DrillScope, schedule: DrillSchedule, proofs: readonly Proof[], now: number): RegisterRow => {
  const { drill, every } = schedule;
  const own = ownProofs(proofs, environment, drill);
  const passed = lastPassed(proofs, environment, drill);
  const stale = passed === null ? null : staleFrom(passed, schedule, environment);
  return {
    drill,
    environment: environment.name,
    every,
    last: latest(own),
    lab: latest(proofs.filter((proof) => proof.kind === 'lab' && proof.drill === drill)),
    next: iso(nextRun(environment, drill, now, lastJudged(proofs, environment, drill))),
    staleFrom: iso(stale),
    standing: standingOf(latest(own.filter((proof) => proof.verdict !== 'unknown')), passed, stale, now),
  };
};

/** One row per scheduled drill, in the model's order. `now` in ms. */
export const drillRegister = (environment: DrillScope, proofs: readonly Proof[], now: number): readonly RegisterRow[] =>
  environment.drills.map((schedule) => rowOf(environment, schedule, proofs, now));

/** Whether a drill's proof stands now. */
export const isProved = (environment: DrillScope, drill: Scenario, proofs: readonly Proof[], now: number): boolean =>
  drillRegister(environment, proofs, now).some((row) => row.drill === drill && row.standing === 'fresh');
