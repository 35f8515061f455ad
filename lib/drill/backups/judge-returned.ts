/** Judges restores that are given up again (undone by command, or by themselves because they can't succeed): the old data has to be there, all of it. Pure. */
import { longestGaps, missingRows, openGaps, total } from '../checkers';
import { historyOf, type History, type HistoryEvent } from '../events';
import { windowOf, type Expectation } from '../expectation';
import { gapFindings, rowFindings, servedAtEndFinding, steadyFinding } from '../findings';
import { fail, pass, unknown, type Finding } from '../verdict';
import { clientFigures, ledgerFinding, type Judged, type Ledger } from './judge';

export interface ReturnedFacts {
  readonly history: History;
  readonly expectation: Expectation;
  /** No member of the old cluster was left; null: the restore did not come so far. */
  readonly stoppedAt: number | null;
  /** The members were started with their old data; null: never. */
  readonly returnedAt: number | null;
  readonly healthyAt: number | null;
  /** As the bug has left it. */
  readonly ledger: Ledger;
  /** Rows of the transactions just before and just after the bug. */
  readonly neighbours: { readonly before: boolean; readonly after: boolean };
  /** Of the commands, in their order. */
  readonly findings: readonly Finding[];
}

/** What the old data has: everything until the cluster stopped, and everything since it runs again. */
const kept = ({ history, stoppedAt, returnedAt }: ReturnedFacts): History => {
  const keeps = (event: HistoryEvent): boolean =>
    (event.kind !== 'write' && event.kind !== 'read') || event.t <= (stoppedAt ?? Infinity) || event.start >= (returnedAt ?? Infinity);
  return historyOf(history.events.filter(keeps));
};

/** Acknowledged by the restored cluster, which is given up again. */
const between = ({ history, stoppedAt, returnedAt }: ReturnedFacts): History => {
  const acked = history.writes.filter((w) => w.outcome === 'acked' && w.start >= (stoppedAt ?? Infinity) && w.t <= (returnedAt ?? 0));
  return historyOf([...acked, ...history.rows]);
};

const neighboursFinding = ({ neighbours: { before, after } }: ReturnedFacts): Finding =>
  (before && after ? pass : fail)('as-it-was', `the rows of just before and just after the bug are there: ${before ? 'yes' : 'no'}, ${after ? 'yes' : 'no'}`);

export const judgeReturned = (facts: ReturnedFacts): Judged & { readonly extra: Readonly<Record<string, number | null>> } => {
  const { history, expectation, stoppedAt, returnedAt, healthyAt } = facts;
  const window = windowOf(history);
  const unmeasured = { writablePrimaries: null, falseFailovers: null };
  if (typeof window === 'string') {
    const measured = { ...unmeasured, gapSeconds: null, ackedLost: null, readThenLost: null, healthyAgainSeconds: null };
    return { measured, findings: [unknown('window', window), ...facts.findings], extra: {} };
  }
  const gaps = longestGaps(history, window, expectation.clients);
  const rows = missingRows(kept(facts), window.from);
  const restored = between(facts);
  const acked = restored.writes.length;
  const survived = acked - total(missingRows(restored, window.from).ackedLost);
  const healthy = healthyAt === null || returnedAt === null ? null : Math.max(0, healthyAt - returnedAt);
  const limit = expectation.healthyDeadlineSeconds;
  return {
    measured: { ...unmeasured, ...clientFigures(gaps, rows), healthyAgainSeconds: healthy },
    findings: [
      steadyFinding(history, window, expectation),
      ...facts.findings,
      stoppedAt === null || returnedAt === null
        ? unknown('returned', 'the restore did not come so far that anything had to be put back')
        : pass('returned', `the old data was away for ${(returnedAt - stoppedAt).toFixed(1)} s`),
      ledgerFinding(facts.ledger),
      neighboursFinding(facts),
      (survived === 0 ? pass : fail)('given-up', `${acked} writes acknowledged by the restored cluster, ${survived} of them are there`),
      ...rowFindings(rows, expectation),
      ...gapFindings(gaps, expectation),
      healthy === null
        ? fail('healthy-again', `not within the drill; allowed ${limit} s`)
        : (healthy <= limit ? pass : fail)(
            'healthy-again',
            `every member streams ${healthy.toFixed(1)} s after it was started with its old data; allowed ${limit} s`,
          ),
      servedAtEndFinding(openGaps(history, window, expectation.clients)),
    ],
    extra: { rowsGivenUp: acked - survived },
  };
};
