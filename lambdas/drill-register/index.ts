/** Looks at the evidence and publishes, per drill, how long its proof still stands: an alarm rings below zero, and when nothing is published. */
import { DRILL_NAMESPACE } from '../../lib/operations/drills/settings';
import type { DrillScope, Proof } from '../../lib/operations/drills/proof';
import { drillRegister, type RegisterRow } from '../../lib/operations/drills/register';
import { signerHere } from '../drills/clients-kms';
import { bucketHere } from '../drills/clients-s3';
import { trustedHere } from '../drills/evidence-key';
import { drillSettingsHere, logLine, metricLine } from '../drills/settings';

/** Seconds until the proof is stale; 0 when there is none, or the latest judged run failed. Negative: it has been stale for so long. */
export const standsFor = ({ staleFrom, standing }: RegisterRow, now: number): number =>
  staleFrom === null || standing === 'failed' ? 0 : Math.round((Date.parse(staleFrom) - now) / 1000);

/** One line per drill, which CloudWatch reads as a metric. */
export const registerLines = (scope: DrillScope, proofs: readonly Proof[], now: number): readonly object[] =>
  drillRegister(scope, proofs, now).map((row) => ({
    ...metricLine(DRILL_NAMESPACE, { Environment: scope.name, Drill: row.drill }, 'ProofStandsFor', standsFor(row, now), now),
    row,
  }));

/** Also the first state of every drill: the guards need to know what is proved. */
export const handler = async (): Promise<readonly Proof[]> => {
  const settings = drillSettingsHere();
  const drills = settings.drills.map(({ drill }) => drill);
  const { proofs, rejected } = await bucketHere().read(settings.name, drills, await trustedHere(signerHere(), settings.drillPolicy.trustedKeys));
  if (rejected.length > 0) logLine({ rejectedEvidence: rejected });
  registerLines(settings, proofs, Date.now()).forEach(logLine);
  return proofs;
};
