/** What is known of a drill that was run: the least that the register and the guards need. */
import { drillRunner } from '../../topology/drill-runners';
import { SCENARIOS, type Scenario } from '../../topology/scenarios';
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

/** Signed proofs of one drill in one environment: those that keep a promise fresh. */
export const ownProofs = (proofs: readonly Proof[], environment: string, drill: Scenario): readonly Proof[] =>
  proofs.filter((proof) => proof.kind === 'signed' && proof.environment === environment && proof.drill === drill);

/** When the drill was judged last, ms: what could not be judged is repeated. */
export const lastJudged = (proofs: readonly Proof[], environment: string, drill: Scenario): number | null => {
  const judged = latest(ownProofs(proofs, environment, drill).filter((proof) => proof.verdict !== 'unknown'));
  return judged === null ? null : time(judged);
};

/** When it last passed, ms. */
export const lastPassed = (proofs: readonly Proof[], environment: string, drill: Scenario): number | null => {
  const passed = latest(ownProofs(proofs, environment, drill).filter((proof) => proof.verdict === 'pass'));
  return passed === null ? null : time(passed);
};

export const isScenario = (name: string): name is Scenario => SCENARIOS.some((scenario) => scenario === name);

/** Why a statement, although genuine, proves nothing; or the proof. What a machine carries out in an environment is proved there and nowhere else. */
export const proofOf = (statement: EvidenceStatement, source: string): Proof | string => {
  const { drill, environment, ranIn, startedAt, verdict } = statement;
  if (!isScenario(drill)) return `the drill "${drill}" is not in the catalogue`;
  if (Number.isNaN(Date.parse(startedAt))) return `"${startedAt}" is no time`;
  if (ranIn !== environment && drillRunner(drill).kind !== 'exercise')
    return `it is for "${environment}", but was run in "${ranIn}", and only exercises may be run elsewhere`;
  return { drill, environment, ranIn, at: startedAt, verdict, kind: 'signed', source };
};
