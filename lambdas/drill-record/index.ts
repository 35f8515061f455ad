/** The end of a drill, however it ended: judged, signed and kept. */
import { evidenceName, signEvidence, type EvidenceSigner } from '../../lib/operations/drills/evidence';
import type { ProofVerdict } from '../../lib/operations/drills/proof';
import type { DrillSettings } from '../../lib/operations/drills/settings';
import { signerHere } from '../drills/clients-kms';
import { bucketHere } from '../drills/clients-s3';
import { drillReport, type Outcome } from '../drills/report';
import { drillEvent, drillSettingsHere, logLine, type DrillEvent } from '../drills/settings';
import type { WriterResult } from '../drills/measured';

export interface RecordPorts {
  readonly now: () => number;
  readonly signer: EvidenceSigner;
  readonly write: (name: string, text: string, contentType: string) => Promise<void>;
}

export interface RecordAnswer {
  readonly verdict: ProofVerdict;
  readonly evidence: string;
  readonly because: string;
}

type Plain = Readonly<Record<string, unknown>>;
const plain = (v: unknown): Plain => (typeof v === 'object' && v !== null && !Array.isArray(v) ? (v as Plain) : {});
const text = (v: unknown): string | null => (typeof v === 'string' && v !== '' ? v : null);

/** The states' answers, none of which need be there: the procedure may have ended anywhere. */
export const outcomeOf = ({ drill, run, rest }: DrillEvent, now: number): Outcome => {
  const [started, experiment, meter, error] = [plain(rest['start']), plain(rest['experiment']), plain(rest['meter']), plain(rest['error'])];
  const state = plain(experiment['state']);
  const id = text(experiment['id']);
  return {
    drill,
    run,
    startedAt: text(started['startedAt']) ?? new Date(now).toISOString(),
    experiment: id === null ? null : { id, status: text(state['status']) ?? 'unknown', reason: text(state['reason']) ?? '' },
    meter: typeof meter['acknowledged'] === 'number' ? (meter as unknown as WriterResult) : null,
    error: text(error['Error']) === null ? null : `${String(error['Error'])}: ${(text(error['Cause']) ?? '').slice(0, 500)}`,
  };
};

export const makeRecord =
  (settings: DrillSettings, ports: RecordPorts) =>
  async (given: unknown): Promise<RecordAnswer> => {
    const event = drillEvent(given, settings);
    const report = drillReport(settings, outcomeOf(event, ports.now()));
    const { verdict } = report.summary;
    const about = {
      drill: event.drill,
      environment: settings.name,
      ranIn: settings.name,
      verdict,
      startedAt: report.startedAt,
      recordedAt: new Date(ports.now()).toISOString(),
      recordedBy: `drill-record, execution ${event.run}`,
      approvedBy: text(plain(event.rest['guard'])['approvedBy']),
    };
    const evidence = await signEvidence(report, about, ports.signer);
    const name = evidenceName(about);
    await ports.write(name, evidence, 'application/json');
    const because = (report.runs[0]?.checks ?? []).map((check) => `${check.check}: ${check.verdict}, ${check.detail}`).join('; ');
    logLine({ environment: settings.name, drill: event.drill, run: event.run, verdict, evidence: name, because });
    return { verdict, evidence: name, because };
  };

export const handler = async (event: unknown): Promise<RecordAnswer> => {
  const bucket = bucketHere();
  return makeRecord(drillSettingsHere(), {
    now: () => Date.now(),
    signer: signerHere(),
    write: (name, content, type) => bucket.write(name, content, type),
  })(event);
};
