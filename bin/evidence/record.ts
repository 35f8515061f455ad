/** `holdfast drills record`: a report becomes evidence. */
import { createPrivateKey, type KeyObject } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { renderPage } from '../../lib/drill/html/page';
import { readReport, type DrillReport } from '../../lib/drill/report';
import { evidenceName, fileSigner, signEvidence, type Evidence } from '../../lib/operations/drills/evidence';
import { isScenario } from '../../lib/operations/drills/proof';
import { scheduleOf } from '../../lib/operations/drills/calendar';
import { drillRunner } from '../../lib/topology/drill-runners';
import type { Environment } from '../../lib/topology/types';
import { UsageError } from '../exit';

export interface RecordOptions {
  readonly key: string;
  readonly by: string;
  /** @default - where the drill was run */
  readonly for?: Environment;
  readonly approvedBy?: string;
  readonly out: string;
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const privateKeyIn = (file: string): KeyObject => {
  try {
    return createPrivateKey(readFileSync(file));
  } catch (error) {
    throw new UsageError(`--key ${file}: ${messageOf(error)}; allowed: a private key in PEM; make one with: openssl ecparam -name prime256v1 -genkey -noout`);
  }
};

const reportIn = (file: string): DrillReport => {
  try {
    return readReport(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new UsageError(`${file}: ${messageOf(error)}`);
  }
};

/** A laboratory stands in for an environment only in what people do there. @throws UsageError */
const requireExercise = ({ drill, environment }: DrillReport, wanted: Environment): void => {
  if (environment === wanted.name) return;
  if (!isScenario(drill)) throw new UsageError(`the drill "${drill}" is not in the catalogue`);
  scheduleOf(wanted, drill);
  if (drillRunner(wanted, drill).kind !== 'exercise') {
    throw new UsageError(
      `--for ${wanted.name}: "${drill}" was run in "${environment}"; allowed: exercises. In ${wanted.name} a machine carries this drill out, and only its own evidence counts`,
    );
  }
};

/** Never replaces evidence: a second one of the same run would be somebody's second thought. */
const writeNew = (path: string, text: string): void => {
  try {
    writeFileSync(path, text, { flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw new UsageError(`${path} exists already: evidence is not replaced`);
    throw error;
  }
};

const pageOf = (report: DrillReport, text: string, file: string): string => {
  const { statement, signature } = JSON.parse(text) as Evidence;
  const timelines = report.runs.map(() => null);
  return renderPage([{ report, timelines }], { ...statement, keyId: signature.keyId, file });
};

/**
 * Signs a report and writes it, with a page beside it.
 * @returns the evidence's path
 * @throws UsageError when the report, the key or the environment is not one that this can be done with
 */
export const recordEvidence = async (file: string, options: RecordOptions, now: Date): Promise<string> => {
  const report = reportIn(file);
  if (options.for !== undefined) requireExercise(report, options.for);
  if (options.by.trim() === '') throw new UsageError('--by: given an empty text; allowed: who answers for this record');
  const about = {
    drill: report.drill,
    environment: options.for?.name ?? report.environment,
    ranIn: report.environment,
    verdict: report.summary.verdict,
    startedAt: report.startedAt,
    recordedAt: now.toISOString(),
    recordedBy: options.by,
    approvedBy: options.approvedBy ?? null,
  };
  const text = await signEvidence(report, about, fileSigner(privateKeyIn(options.key))).catch((error: unknown) => {
    throw new UsageError(messageOf(error));
  });
  const path = join(options.out, evidenceName(about));
  mkdirSync(dirname(path), { recursive: true });
  writeNew(path, text);
  writeFileSync(path.replace(/\.json$/, '.html'), pageOf(report, text, basename(path)));
  return path;
};
