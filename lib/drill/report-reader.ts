import Ajv, { type ErrorObject } from 'ajv';
import { describeJsonFault } from './json-fault';
import { REPORT_SCHEMA, type DrillReport, type ReportSummary } from './report-types';
import { REPORT_JSON_SCHEMA } from './report-schema';
import { summarize } from './report-summary';
import { worst } from './verdict';

const SHOWN = 10;

/** A file that is not a drill report; the message says what is wrong and where. */
export class ReportError extends Error {
  constructor(readonly problems: readonly string[]) {
    const rest = problems.length > SHOWN ? [`and ${problems.length - SHOWN} more`] : [];
    const all = [...problems.slice(0, SHOWN), ...rest];
    super(`not a drill report: ${all.length === 1 ? all[0] : `\n${all.map((p) => `  - ${p}`).join('\n')}`}`);
    this.name = 'ReportError';
  }
}

const ajv = new Ajv({ allErrors: true, verbose: true, allowUnionTypes: true });
const validate = ajv.compile<DrillReport>(REPORT_JSON_SCHEMA);

const shown = (value: unknown): string => (value === undefined ? 'nothing' : JSON.stringify(value).slice(0, 60));

const problem = (error: ErrorObject): string => {
  const where = error.instancePath === '' ? 'the report' : error.instancePath;
  if (error.keyword === 'required') return `${where}: "${String(error.params['missingProperty'])}" is missing`;
  const allowed = error.keyword === 'enum' || error.keyword === 'const' ? ` ${shown(error.params['allowedValues'] ?? error.params['allowedValue'])}` : '';
  return `${where}: ${error.message ?? 'is not allowed'}${allowed}, got ${shown(error.data)}`;
};

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    throw new ReportError([describeJsonFault(text)]);
  }
};

const versionProblem = (value: unknown): string | null => {
  const schema = typeof value === 'object' && value !== null && 'schema' in value ? value.schema : undefined;
  if (typeof schema !== 'string' || schema === REPORT_SCHEMA || !schema.startsWith('holdfast/')) return null;
  return `its format is "${schema}", this version of Holdfast reads "${REPORT_SCHEMA}"`;
};

/** A summary that does not follow from the runs, or a run that passes against its own checks, was edited or cut. */
const contradictions = (report: DrillReport): readonly string[] => {
  const expected = summarize(report.runs);
  const summary = (Object.keys(expected) as (keyof ReportSummary)[]).flatMap((key) =>
    expected[key] === report.summary[key] ? [] : [`/summary/${key}: is ${shown(report.summary[key])}, but the runs give ${shown(expected[key])}`],
  );
  const runs = report.runs.flatMap((run, i) => {
    const byChecks = worst((run.checks ?? []).map((c) => c.verdict));
    if (!run.checks || byChecks === run.verdict) return [];
    return [`/runs/${i}/verdict: is "${run.verdict}", but its checks give "${byChecks}"`];
  });
  return [...summary, ...runs];
};

/**
 * Reads and validates a report.
 * @throws ReportError naming everything that is wrong, with its place
 */
export const readReport = (text: string): DrillReport => {
  const value = parse(text.replace(/^\uFEFF/, ''));
  const version = versionProblem(value);
  if (version !== null) throw new ReportError([version]);
  if (!validate(value)) throw new ReportError((validate.errors ?? []).map(problem));
  const wrong = contradictions(value);
  if (wrong.length > 0) throw new ReportError(wrong);
  return value;
};
