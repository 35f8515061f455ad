/** What a scheduled drill on AWS measured, as a report like any other. */
import { createHash } from 'node:crypto';
import { cpus, release, totalmem } from 'node:os';
import { toMilliseconds } from '../../lib/drill/report-builder';
import { REPORT_SCHEMA, type DrillReport, type ReportRun } from '../../lib/drill/report-types';
import { summarize } from '../../lib/drill/report-summary';
import { fail, pass, unknown, worst, type Finding } from '../../lib/drill/verdict';
import { canonical } from '../../lib/operations/drills/canonical';
import type { DrillSettings, DrillTerms } from '../../lib/operations/drills/settings';
import type { Scenario } from '../../lib/topology/scenarios';
import { lostCount, type WriterResult } from './measured';

export interface Outcome {
  readonly drill: Scenario;
  readonly run: string;
  readonly startedAt: string;
  /** How FIS says that the experiment ended (`completed`, `stopped`, `failed`); null: it was never begun. */
  readonly experiment: { readonly id: string; readonly status: string; readonly reason: string } | null;
  /** null: the writer said nothing. */
  readonly meter: WriterResult | null;
  /** What broke the procedure itself, or null. */
  readonly error: string | null;
}

const injected = ({ experiment, error }: Outcome): Finding => {
  if (error !== null) return unknown('carried-out', error);
  if (experiment === null) return unknown('carried-out', 'nothing was injected');
  const { id, status, reason } = experiment;
  if (status === 'completed') return pass('carried-out', `experiment ${id} completed`);
  // A stop condition rang: the objective was missed by far, or an alarm of the model's said stop.
  return status === 'stopped'
    ? fail('carried-out', `experiment ${id} was stopped: ${reason}`)
    : unknown('carried-out', `experiment ${id} ${status}: ${reason}`);
};

const gapFinding = ({ meter }: Outcome, { rto }: DrillTerms): Finding => {
  if (meter === null || meter.acknowledged === 0) return unknown('objective', 'nobody wrote along');
  const told = `${meter.gapSeconds.toFixed(2)} s without an acknowledged write${meter.open ? ', and none at the end' : ''}; allowed ${rto}`;
  return meter.gapSeconds > rto || meter.open ? fail('objective', told) : pass('objective', told);
};

const lossFinding = ({ meter }: Outcome, { rpo }: DrillTerms): Finding => {
  const lost = meter === null ? null : lostCount(meter);
  if (meter === null || lost === null) return unknown('nothing-lost', 'nobody could look for the rows afterwards');
  const told = `${lost} of ${meter.acknowledged} acknowledged writes are missing`;
  return lost > 0 && rpo === 0 ? fail('nothing-lost', told) : pass('nothing-lost', told);
};

/** A fault that nobody noticed did not hit what it was meant for. */
const noticed = ({ meter }: Outcome): Finding => {
  if (meter === null) return unknown('noticed', 'nobody wrote along');
  return meter.errors > 0
    ? pass('noticed', `${meter.errors} failed attempts`)
    : unknown('noticed', 'not one write failed: the primary was not where the fault was');
};

const NOTES = ['measured by one client through the poolers; how many members took a commit, and when each stage was reached, is not seen from there'];

const runOf = (outcome: Outcome, terms: DrillTerms): ReportRun => {
  const checks = [injected(outcome), noticed(outcome), gapFinding(outcome, terms), lossFinding(outcome, terms)];
  const { meter } = outcome;
  return {
    seed: 1,
    verdict: worst(checks.map(({ verdict }) => verdict)),
    gapSeconds: meter === null || meter.acknowledged === 0 ? null : toMilliseconds(meter.gapSeconds),
    ackedLost: meter === null ? null : lostCount(meter),
    readThenLost: null,
    writablePrimaries: null,
    falseFailovers: null,
    healthyAgainSeconds: null,
    stages: { faultAt: 0, detected: null, lockTaken: null, promoted: null, routed: null, firstAck: null },
    notes: NOTES,
    checks,
    ...(meter === null ? {} : { clientErrors: meter.errors }),
  };
};

/** @throws Error when the drill has no terms: it is no drill that a machine carries out */
export const drillReport = (settings: DrillSettings, outcome: Outcome): DrillReport => {
  const terms = settings.terms[outcome.drill];
  if (terms === undefined) throw new Error(`there are no terms for "${outcome.drill}"`);
  const runs = [runOf(outcome, terms)];
  return {
    schema: REPORT_SCHEMA,
    drill: outcome.drill,
    requirements: ['PW-11'],
    environment: settings.name,
    mode: null,
    startedAt: outcome.startedAt,
    command: `state machine, execution ${outcome.run}`,
    seed: 1,
    machine: { cores: Math.max(1, cpus().length), memoryGiB: Math.round((totalmem() / 2 ** 30) * 10) / 10, kernel: release() },
    versions: { node: process.version },
    configurationHash: `sha256:${createHash('sha256').update(canonical(settings)).digest('hex')}`,
    objective: { rtoSeconds: terms.rto, rpoSeconds: terms.rpo },
    budget: {
      lowerSeconds: terms.lower,
      upperSeconds: terms.upper,
      stages: [{ name: 'all stages', lower: terms.lower, upper: terms.upper, source: 'holdfast plan' }],
    },
    runs,
    summary: summarize(runs),
  };
};
