/** What is known of a drill that was run: the least that the register and the guards need. */
import { drillRunner } from '../../topology/drill-runners';
import { SCENARIOS, type Scenario } from '../../topology/scenarios';
import type { DrillPolicy, DrillSchedule } from '../../topology/types-drills';
import type { EvidenceStatement } from './evidence';

/** `fail` and `pass` are judged; `unknown` proves nothing. */
export type ProofVerdict = 'pass' | 'unknown' | 'fail';

export interface Proof {
  readonly drill: Scenario;
  /** Which environment it is a proof for. */
  readonly environment: string;
  /** Where it was run. */
  readonly ranIn: string;
  /** ISO 8601: when the drill began. */
  readonly at: string;
  readonly verdict: ProofVerdict;
  /** `signed`: evidence whose signature was verified; `lab`: a report as a laboratory wrote it, which anybody could have edited. */
  readonly kind: 'signed' | 'lab';
  /** File or object that it was read from. */
  readonly source: string;
}

const time = (proof: Proof): number => Date.parse(proof.at);

/** The latest of some proofs, or null. */
export const latest = (proofs: readonly Proof[]): Proof | null =>
  proofs.reduce<Proof | null>((newest, proof) => (newest === null || time(proof) > time(newest) ? proof : newest), null);

/** What of an environment decides about its drills; an `Environment` is one. */
export interface DrillScope {
  readonly name: string;
  readonly drills: readonly DrillSchedule[];
  readonly drillPolicy: DrillPolicy;
  /** null: there is no failover of regions. */
  readonly failover: unknown;
}

/**
 * Signed proofs of one drill for one environment: those that keep a promise fresh. What a machine carries out there is proved there and nowhere else; an exercise may
 * have been held elsewhere.
 */
export const ownProofs = (proofs: readonly Proof[], scope: DrillScope, drill: Scenario): readonly Proof[] => {
  const elsewhere = drillRunner(scope, drill).kind === 'exercise';
  return proofs.filter(
    (proof) => proof.kind === 'signed' && proof.environment === scope.name && proof.drill === drill && (elsewhere || proof.ranIn === scope.name),
  );
};

/** When the drill was judged last, ms: what could not be judged is repeated. */
export const lastJudged = (proofs: readonly Proof[], scope: DrillScope, drill: Scenario): number | null => {
  const judged = latest(ownProofs(proofs, scope, drill).filter((proof) => proof.verdict !== 'unknown'));
  return judged === null ? null : time(judged);
};

/** When it last passed, ms. */
export const lastPassed = (proofs: readonly Proof[], scope: DrillScope, drill: Scenario): number | null => {
  const passed = latest(ownProofs(proofs, scope, drill).filter((proof) => proof.verdict === 'pass'));
  return passed === null ? null : time(passed);
};

export const isScenario = (name: string): name is Scenario => SCENARIOS.some((scenario) => scenario === name);

/** Why a statement, although genuine, proves nothing; or the proof. */
export const proofOf = (statement: EvidenceStatement, source: string): Proof | string => {
  const { drill, environment, ranIn, startedAt, verdict } = statement;
  if (!isScenario(drill)) return `the drill "${drill}" is not in the catalogue`;
  if (Number.isNaN(Date.parse(startedAt))) return `"${startedAt}" is no time`;
  return { drill, environment, ranIn, at: startedAt, verdict, kind: 'signed', source };
};
