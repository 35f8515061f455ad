/** Judges a drill of regions: the same measurements as for one region's database, over the members of all regions together. */
import { doubleAcknowledgements, longestGaps, missingRows, openGaps, samplingHealth, total, writableAtOnce } from './checkers';
import { firstMark, type History } from './events';
import { windowOf, type Expectation, type Window } from './expectation';
import {
  acknowledgedFinding,
  gapFindings,
  integrityFinding,
  rowFindings,
  samplingFinding,
  servedAtEndFinding,
  steadyFinding,
  writableFinding,
} from './findings';
import { count, idSet, intersect, subtract, type IdSet } from './id-set';
import type { ContractFigures } from './procedure-run';
import { fail, pass, unknown, type Finding } from './verdict';

export interface RegionJudgement {
  readonly measured: ContractFigures;
  readonly findings: readonly Finding[];
}

export interface RegionExpectation extends Expectation {
  /** When everything was as before again, seconds after the fault's end; null: not in time. */
  readonly wholeAfterSeconds: number | null;
}

const NOTHING: ContractFigures = {
  gapSeconds: null,
  ackedLost: null,
  readThenLost: null,
  writablePrimaries: null,
  falseFailovers: null,
  healthyAgainSeconds: null,
};

export const judgeRegions = (history: History, expectation: RegionExpectation): RegionJudgement => {
  const window = windowOf(history);
  if (typeof window === 'string') return { measured: NOTHING, findings: [unknown('window', window)] };
  const served = expectation.clients.filter((client) => !expectation.excluded.some((e) => e.client === client));
  const gaps = longestGaps(history, window, served);
  const rows = missingRows(history, window.from);
  const writable = writableAtOnce(history, expectation.members);
  const unread = rows.unreadClients.length > 0;
  const lost = (n: number): number | null => (n === 0 && unread ? null : n);
  return {
    measured: {
      gapSeconds: gaps[0]?.seconds ?? null,
      ackedLost: lost(total(rows.ackedLost)),
      readThenLost: lost(total(rows.readThenLost)),
      writablePrimaries: writable?.nodes.length ?? null,
      falseFailovers: falsePromotions(history, window, expectation),
      healthyAgainSeconds: expectation.wholeAfterSeconds,
    },
    findings: [
      steadyFinding(history, window, expectation),
      ...gapFindings(gaps, expectation),
      servedAtEndFinding(openGaps(history, window, served)),
      ...rowFindings(rows, expectation),
      writableFinding(writable),
      acknowledgedFinding(history, doubleAcknowledgements(history)),
      promotionsFinding(history, window, expectation),
      wholeFinding(expectation),
      integrityFinding(history),
      samplingFinding(
        samplingHealth(history, expectation, firstMark(history, 'steady') ?? window.from, window.to).filter(({ probe }) =>
          /^(write|local-commit):/.test(probe),
        ),
      ),
    ],
  };
};

/** How often another member was seen as the primary of the primary region. */
const changesOfPrimary = (history: History, { from, to }: Window): number => {
  const seen = history.leaders.filter((l) => l.member !== null && l.t <= to);
  const before = seen.findLast((l) => l.t <= from)?.member;
  const after = seen.filter((l) => l.t > from).map((l) => l.member);
  return [before, ...after].filter((member, i, all) => i > 0 && member !== all[i - 1]).length;
};

const falsePromotions = (history: History, window: Window, { leaderChanges }: Expectation): number =>
  Math.max(0, changesOfPrimary(history, window) - leaderChanges.max);

const promotionsFinding = (history: History, window: Window, { leaderChanges: { min, max } }: Expectation): Finding => {
  const changes = changesOfPrimary(history, window);
  const detail = `the primary changed ${changes} times; expected ${min === max ? min : `${min} to ${max}`}`;
  if (changes > max) return fail('promotions', detail);
  return changes < min ? unknown('promotions', `${detail}: was it seen?`) : pass('promotions', detail);
};

const wholeFinding = ({ wholeAfterSeconds, healthyDeadlineSeconds }: RegionExpectation): Finding => {
  const check = 'both-regions-whole';
  if (wholeAfterSeconds === null) return fail(check, `not within ${healthyDeadlineSeconds} s of the fault's end`);
  const detail = `${wholeAfterSeconds.toFixed(1)} s after the fault's end; allowed ${healthyDeadlineSeconds} s`;
  return wholeAfterSeconds <= healthyDeadlineSeconds ? pass(check, detail) : fail(check, detail);
};

/** The rows that the lost region kept for itself, by client, as the reconciliation files list them. */
export type Reconciled = ReadonlyMap<string, readonly number[]>;

/** Every acknowledged row that is missing must be in a reconciliation file: otherwise it is lost without a trace. Files may list more: rows nobody acknowledged. */
export const reconciliationFinding = (history: History, faultAt: number, reconciled: Reconciled): Finding => {
  const check = 'lost-rows-are-listed';
  const { ackedLost } = missingRows(history, faultAt);
  const listed = (client: string): IdSet => idSet((reconciled.get(client) ?? []).map((id) => [id, id]));
  const unlisted = ackedLost.map(({ client, ids }) => ({ client, n: count(subtract(ids, listed(client))) })).filter(({ n }) => n > 0);
  const files = [...reconciled.values()].reduce((sum, ids) => sum + ids.length, 0);
  const found = ackedLost.reduce((sum, { client, ids }) => sum + count(intersect(ids, listed(client))), 0);
  if (unlisted.length > 0) return fail(check, unlisted.map(({ client, n }) => `${n} lost rows of ${client} are in no reconciliation file`).join('; '));
  return pass(check, `${found} lost acknowledged rows, all of them among the ${files} rows of the reconciliation files`);
};
