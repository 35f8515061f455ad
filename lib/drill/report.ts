/** The report of a drill: its types, how it is built, how it is read and checked. */
export * from './report-types';
export { buildReport, buildRun, unmeasuredRun, type ReportInput, type RunInput } from './report-builder';
export { readReport, ReportError } from './report-reader';
export { REPORT_JSON_SCHEMA } from './report-schema';
export { percentile, summarize } from './report-summary';
