/** Judges one run of a drill of the cache. Pure. */
import type { ContractFigures, ProcedureOutcome } from '../procedure-run';
import { gapFinding, healthFinding, secondsText } from '../service-findings';
import { fail, pass, unknown, type Finding } from '../verdict';
import type { CacheHistory } from './history';
import {
  falseFailovers,
  firstAcceptedSeconds,
  isolatedSeconds,
  losses,
  mastersAtOnce,
  shardGaps,
  unservedBefore,
  type CacheLoss,
  type ShardGap,
} from './measure';

export interface CacheExpectation {
  readonly objective: { readonly rtoSeconds: number; readonly rpoSeconds: number };
  readonly budgetUpperSeconds: number;
  readonly healthyDeadlineSeconds: number;
  /** The struck shards' masters are meant to be two for a moment. */
  readonly isolation: boolean;
  /** Shards that the fault does not strike may pause for so long. */
  readonly othersUpperSeconds: number;
}

/** As long as a majority of the masters is there. */
export const OTHER_SHARDS_SECONDS = 1;

const longest = (gaps: readonly ShardGap[]): ShardGap | undefined => [...gaps].sort((a, b) => b.seconds - a.seconds)[0];
const where = (gap: ShardGap): string => `${gap.client}, shard ${gap.shard}, ${gap.mode === 'wait' ? 'with WAIT' : 'without WAIT'}`;

const othersFinding = (gap: ShardGap | undefined, upper: number): Finding => {
  if (gap === undefined) return pass('other-shards', 'the fault strikes every shard');
  const detail = `${secondsText(gap.seconds)} (${where(gap)}) of ${upper} s`;
  if (gap.open) return fail('other-shards', `${detail}: not served any more until the end`);
  return gap.seconds > upper ? fail('other-shards', detail) : pass('other-shards', detail);
};

const lossFinding = ({ lost, acked }: CacheLoss, rpoSeconds: number): Finding => {
  if (lost.wait === null) return unknown('confirmed-writes', 'what is there in the end could not be read');
  const detail = `${lost.wait} of ${acked.wait} writes that WAIT confirmed are missing`;
  return lost.wait > 0 && rpoSeconds === 0 ? fail('confirmed-writes', detail) : pass('confirmed-writes', detail);
};

const mastersFinding = (masters: number, isolation: boolean): Finding =>
  masters > 1 && !isolation ? fail('one-master', 'two nodes accepted writes of one shard side by side') : pass('one-master', `at most ${masters} at once`);

const steadyFinding = (history: CacheHistory): Finding => {
  const unserved = unservedBefore(history);
  if (history.dead.length > 0) return unknown('steady-state', `meters that ended early: ${history.dead.join(', ')}`);
  return unserved.length === 0
    ? pass('steady-state', 'every client was served on every shard')
    : unknown('steady-state', `not served before the fault: ${unserved.join(', ')}`);
};

export const judgeCache = (history: CacheHistory, expectation: CacheExpectation): ProcedureOutcome => {
  const gaps = shardGaps(history);
  const struck = longest(gaps.filter((g) => history.struck.includes(g.shard)));
  const others = longest(gaps.filter((g) => !history.struck.includes(g.shard)));
  const loss = losses(history);
  const healthyAgain = history.healthyAt === null ? null : Math.max(0, history.healthyAt - history.healedAt);
  const masters = mastersAtOnce(history);
  const failovers = falseFailovers(history);
  const measured: ContractFigures = {
    gapSeconds: struck?.seconds ?? null,
    ackedLost: loss.lost.wait,
    // What was read in a cache is what is there or what expired: rows that were read and are gone are not counted.
    readThenLost: 0,
    writablePrimaries: masters,
    falseFailovers: failovers,
    healthyAgainSeconds: healthyAgain,
  };
  return {
    measured,
    stages: { firstAck: firstAcceptedSeconds(history) },
    findings: [
      steadyFinding(history),
      gapFinding(struck, where, expectation),
      othersFinding(others, expectation.othersUpperSeconds),
      lossFinding(loss, expectation.objective.rpoSeconds),
      mastersFinding(masters, expectation.isolation),
      failovers === 0 ? pass('false-failovers', 'none') : fail('false-failovers', `${failovers} of shards that the fault did not strike`),
      healthFinding(healthyAgain, expectation.healthyDeadlineSeconds),
    ],
    notes: Object.entries(history.excluded).map(([client, because]) => `${client} is not served: ${because}`),
    extra: {
      struckShards: history.struck,
      firstAcceptedSeconds: firstAcceptedSeconds(history),
      otherShardsGapSeconds: others?.seconds ?? null,
      plainGapSeconds: longest(gaps.filter((g) => history.struck.includes(g.shard) && g.mode === 'plain'))?.seconds ?? null,
      waitAcked: loss.acked.wait,
      plainAcked: loss.acked.plain,
      plainLost: loss.lost.plain,
      isolatedAcceptedSeconds: isolatedSeconds(history),
    },
  };
};
