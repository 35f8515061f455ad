/** Each measurement against what is allowed, as one finding. Figures in sentences are rounded; the comparison is not. */
import {
  attributedShare,
  leaderChanges,
  neverServedBefore,
  samplingComplaint,
  total,
  type ClientErrors,
  type DoubleAcknowledgement,
  type HandoverMargin,
  type HealthResult,
  type ProbeHealth,
  type RowsResult,
  type WritableNodes,
  type WriteGap,
} from './checkers';
import { firstMark, type History } from './events';
import { servedClients, type Expectation, type Window } from './expectation';
import { formatIds } from './id-set';
import { fail, pass, unknown, type Finding } from './verdict';

const s = (seconds: number): string => `${seconds.toFixed(2)} s`;
const plural = (n: number, one: string, many = `${one}s`): string => `${n} ${n === 1 ? one : many}`;

/** Steady state: marked, and every client that must be served was served before the fault. */
export const steadyFinding = (history: History, window: Window, expectation: Expectation): Finding => {
  const check = 'steady-state';
  const steady = firstMark(history, 'steady');
  if (steady === null || steady > window.from) return unknown(check, 'the steady state was not reached before the fault');
  const unserved = neverServedBefore(history, window, servedClients(expectation));
  if (unserved.length > 0) return unknown(check, `no acknowledged write before the fault of ${unserved.join(', ')}`);
  const undeclared = [...new Set(history.writes.map((w) => w.client))].filter((c) => !expectation.clients.includes(c));
  if (undeclared.length > 0) return unknown(check, `writes of clients that the drill doesn't know: ${undeclared.join(', ')}`);
  const early = leaderChanges(history, steady, window.from);
  return early.length === 0
    ? pass(check, `steady for ${s(window.from - steady)} before the fault`)
    : fail(check, `the leader changed before the fault was injected`);
};

/** A gap above a limit fails, unless the meter's own silence is long enough to explain it: then it can't be told. */
const againstLimit = (check: string, gap: WriteGap, limit: number, name: string): Finding => {
  const where = `${s(gap.seconds)} at ${gap.client}${gap.open ? ', still open at the end' : ''}; ${name} ${s(limit)}`;
  if (gap.seconds <= limit) return pass(check, where);
  if (gap.seconds - gap.silentSeconds <= limit) return unknown(check, `${where}, but the client itself tried nothing for ${s(gap.silentSeconds)} of it`);
  return fail(check, where);
};

/** A client is still served at the end if its last acknowledgement is at most so old, seconds. */
export const OPEN_GAP_SECONDS = 1;

export const servedAtEndFinding = (atEnd: readonly WriteGap[]): Finding => {
  const check = 'served-at-the-end';
  const open = atEnd.filter((g) => g.seconds > OPEN_GAP_SECONDS);
  if (open.length === 0) return pass(check, 'every client was served when the run ended');
  const detail = open.map((g) => `${g.client} got no acknowledgement in the last ${s(g.seconds)}`).join('; ');
  return open.every((g) => g.seconds - g.silentSeconds <= OPEN_GAP_SECONDS) ? unknown(check, `${detail}, and did not try either`) : fail(check, detail);
};

export const gapFindings = (gaps: readonly WriteGap[], expectation: Expectation): readonly Finding[] => {
  const worst = gaps[0];
  if (!worst) return [unknown('objective', 'no client had to be served: nothing was measured')];
  return [
    againstLimit('objective', worst, expectation.objective.rtoSeconds, 'objective'),
    againstLimit('budget', worst, expectation.budgetUpperSeconds, "the configuration's upper bound"),
  ];
};

const listed = (rows: RowsResult['ackedLost']): string => rows.map((r) => `${r.client}: ${formatIds(r.ids)}`).join('; ');

export const rowFindings = (rows: RowsResult, expectation: Expectation): readonly Finding[] => {
  const { rpoSeconds } = expectation.objective;
  const unread =
    rows.unreadClients.length === 0 ? [] : [unknown('final-rows', `the table's rows were not read after the run for ${rows.unreadClients.join(', ')}`)];
  const lost = total(rows.ackedLost);
  const vanished = total(rows.readThenLost);
  const tolerated = rpoSeconds > 0 && rows.rpoSeconds <= rpoSeconds;
  const verdictOf = (n: number): typeof pass => (n === 0 || tolerated ? pass : fail);
  return [
    ...unread,
    verdictOf(lost)(
      'acked-lost',
      lost === 0
        ? 'no acknowledged write is missing'
        : `${plural(lost, 'acknowledged write')} missing, over ${s(rows.rpoSeconds)} of writing; allowed ${rpoSeconds} s (${listed(rows.ackedLost)})`,
    ),
    verdictOf(vanished)(
      'read-then-lost',
      vanished === 0 ? 'no row that was read is missing' : `${plural(vanished, 'row')} read and missing afterwards (${listed(rows.readThenLost)})`,
    ),
  ];
};

export const writableFinding = (writable: WritableNodes | null): Finding => {
  const check = 'one-writable-primary';
  if (!writable) return unknown(check, 'no local commit was seen on any node');
  if (writable.nodes.length === 1) return pass(check, 'never two nodes that accepted a commit at the same moment');
  return fail(check, `${writable.nodes.join(' and ')} accepted commits at the same moment`);
};

export const acknowledgedFinding = (history: History, doubles: readonly DoubleAcknowledgement[]): Finding => {
  const check = 'one-acknowledging-primary';
  const [first] = doubles;
  if (first) return fail(check, `${first.nodes.join(' and ')} acknowledged clients' writes in turn (${plural(doubles.length, 'time')})`);
  const share = attributedShare(history);
  if (share === 1) return pass(check, "never two nodes that acknowledged clients' writes in turn");
  return unknown(
    check,
    share === null ? 'nothing was acknowledged' : `${((1 - share) * 100).toFixed(0)} % of the acknowledged writes don't say which node acknowledged them`,
  );
};

export const marginFinding = (margins: readonly HandoverMargin[], changes: number): Finding => {
  const check = 'local-commits-end-before-promotion';
  if (changes === 0) return pass(check, 'the leader did not change');
  if (margins.length < changes) return unknown(check, "the old primary's last local commit or the new primary's first acknowledgement was not seen");
  const least = margins.reduce((a, b) => (b.seconds < a.seconds ? b : a));
  if (least.seconds >= 0)
    return pass(check, `the last local commit on ${least.from} came ${s(least.seconds)} before the first acknowledged write on ${least.to}`);
  if (least.atMostSeconds >= 0) return unknown(check, `a local commit on ${least.from} was in flight when ${least.to} acknowledged its first write`);
  return fail(check, `${least.from} accepted local commits ${s(-least.seconds)} after ${least.to} had acknowledged its first write`);
};

export const leaderFinding = (changes: number, expectation: Expectation): Finding => {
  const check = 'leader-changes';
  const { min, max } = expectation.leaderChanges;
  const allowed = min === max ? `${min}` : `${min} to ${max}`;
  const detail = `${plural(changes, 'leader change')}; expected ${allowed}`;
  if (changes > max) return fail(check, detail);
  return changes < min ? unknown(check, `${detail}: did the fault strike?`) : pass(check, detail);
};

export const healthFinding = (health: HealthResult, since: number, window: Window, expectation: Expectation): Finding => {
  const check = 'healthy-again';
  const deadline = expectation.healthyDeadlineSeconds;
  if (health.seconds !== null) {
    const detail = `all members streaming on one timeline ${s(health.seconds)} after the fault's end; allowed ${deadline} s`;
    return health.seconds <= deadline ? pass(check, detail) : fail(check, detail);
  }
  const observed = window.to - since;
  const detail = `not healthy ${s(observed)} after the fault's end (${health.lastSeen})`;
  return observed >= deadline ? fail(check, detail) : unknown(check, `${detail}, and not watched for the allowed ${deadline} s`);
};

export const errorFinding = (errors: readonly ClientErrors[], expectation: Expectation): Finding => {
  const check = 'client-errors';
  const beyond = errors.reduce((sum, e) => sum + e.beyondOneRetry, 0);
  const all = errors.reduce((sum, e) => sum + e.errors, 0);
  const detail = `${plural(all, 'error')}, ${beyond} beyond one retry`;
  if (!expectation.planned) return pass(check, `${detail}; not judged: the fault is not planned`);
  return beyond === 0 ? pass(check, detail) : fail(check, `${detail}; planned work must not be seen by clients that retry once`);
};

export const integrityFinding = (history: History): Finding => {
  const check = 'integrity';
  const broken = history.integrity.filter((i) => !i.ok);
  if (broken.length > 0) return fail(check, broken.map((i) => i.detail).join('; '));
  return history.integrity.length === 0 ? unknown(check, 'the integrity check did not run') : pass(check, history.integrity.map((i) => i.detail).join('; '));
};

export const samplingFinding = (probes: readonly ProbeHealth[]): Finding => {
  const complaints = probes.map(samplingComplaint).filter((c): c is string => c !== null);
  return complaints.length === 0 ? pass('sampling', 'every probe sampled as closely as planned') : unknown('sampling', complaints.join('; '));
};
