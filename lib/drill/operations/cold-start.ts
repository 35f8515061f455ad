/** Judges a cold start: a pure function of what clients saw, what was seen of the region while it came back, and what the recovery says of itself. */
import { longestGaps, missingRows, openGaps, total, writableAtOnce } from '../checkers';
import type { History } from '../events';
import { windowOf, type Expectation } from '../expectation';
import { gapFindings, rowFindings, servedAtEndFinding, writableFinding } from '../findings';
import type { ProcedureOutcome } from '../procedure-run';
import { fail, pass, unknown, type Finding } from '../verdict';

/** The region at one moment of its return, as its API server told. Null: it did not answer. */
export interface TierSample {
  readonly t: number;
  readonly etcdReady: number;
  /** Pods that the database, the pooler are told to have. */
  readonly databaseWanted: number;
  readonly poolerWanted: number;
  /** Ready database pods: the leader, and standbys that stream. */
  readonly databaseReady: number;
}

export interface ColdStart {
  readonly expectation: Expectation;
  /** Programs of the data tier that still ran when the recovery began; 0 is the point of the drill. */
  readonly survivors: readonly string[];
  readonly samples: readonly TierSample[];
  readonly etcdQuorum: number;
  /** Who might lead after the stop: the last primary and its synchronous standbys. */
  readonly permitted: readonly string[];
  readonly leader: string | null;
  /** Of the command that brought the region back, and of the same command given once more. */
  readonly outcome: string | null;
  readonly again: string | null;
  /** Seconds from the recovery's end to a region without complaints; null: not in time. */
  readonly healthyAfter: number | null;
}

const everythingOff = ({ survivors }: ColdStart): Finding =>
  survivors.length === 0
    ? pass('everything-was-off', 'no program of the data tier ran when the recovery began')
    : unknown('everything-was-off', `still running when the recovery began: ${survivors.join(', ')}`);

/** Nothing is started before what it needs: asked of the API server, not of the recovery. */
export const orderFinding = ({ samples, etcdQuorum }: Pick<ColdStart, 'samples' | 'etcdQuorum'>): Finding => {
  const check = 'order-of-the-start';
  if (samples.length === 0) return unknown(check, 'the region was not seen while it came back');
  const early = (wanted: (s: TierSample) => boolean, needed: (s: TierSample) => boolean): boolean => {
    const first = samples.findIndex(wanted);
    return first !== -1 && !samples.slice(0, first + 1).some(needed);
  };
  const broken = [
    ...(early(
      (s) => s.databaseWanted > 0,
      (s) => s.etcdReady >= etcdQuorum,
    )
      ? ['the database was started before etcd had a quorum']
      : []),
    ...(early(
      (s) => s.poolerWanted > 0,
      (s) => s.databaseReady >= 1,
    )
      ? ['the poolers were started before a primary was ready']
      : []),
  ];
  return broken.length === 0 ? pass(check, 'etcd, then the database, then the poolers: each after what it needs') : fail(check, broken.join('; '));
};

const leaderFinding = ({ leader, permitted }: ColdStart): Finding => {
  const check = 'permitted-leader';
  if (leader === null) return fail(check, 'no member leads');
  const who = `${leader} leads; the last primary and its synchronous standbys were ${permitted.join(', ')}`;
  return permitted.includes(leader) ? pass(check, who) : fail(check, who);
};

const recoveredFinding = ({ outcome }: ColdStart): Finding =>
  outcome === 'whole' ? pass('recovered', 'the recovery found every stage whole') : fail('recovered', `the recovery ended with: ${outcome ?? 'no report'}`);

const repeatedFinding = ({ again }: ColdStart): Finding =>
  again === 'nothing to do'
    ? pass('repeatable', 'given again, it has nothing to do')
    : fail('repeatable', `given again, it ended with: ${again ?? 'no report'}`);

const healthyFinding = ({ healthyAfter, expectation }: ColdStart): Finding => {
  const allowed = expectation.healthyDeadlineSeconds;
  if (healthyAfter === null) return fail('healthy-again', `not healthy within ${allowed} s of the recovery's end`);
  return pass('healthy-again', `healthy ${healthyAfter.toFixed(1)} s after the recovery's end; allowed ${allowed} s`);
};

export const judgeColdStart = (history: History, run: ColdStart): Pick<ProcedureOutcome, 'measured' | 'findings'> => {
  const { expectation } = run;
  const window = windowOf(history);
  if (typeof window === 'string') {
    const nothing = { gapSeconds: null, ackedLost: null, readThenLost: null, writablePrimaries: null, falseFailovers: null, healthyAgainSeconds: null };
    return { measured: nothing, findings: [unknown('window', window)] };
  }
  const gaps = longestGaps(history, window, expectation.clients);
  const rows = missingRows(history, window.from);
  const writable = writableAtOnce(history, expectation.members);
  return {
    measured: {
      gapSeconds: gaps[0]?.seconds ?? null,
      ackedLost: rows.unreadClients.length > 0 ? null : total(rows.ackedLost),
      readThenLost: rows.unreadClients.length > 0 ? null : total(rows.readThenLost),
      writablePrimaries: writable?.nodes.length ?? null,
      falseFailovers: 0,
      healthyAgainSeconds: run.healthyAfter,
    },
    findings: [
      everythingOff(run),
      recoveredFinding(run),
      orderFinding(run),
      leaderFinding(run),
      ...gapFindings(gaps, expectation),
      servedAtEndFinding(openGaps(history, window, expectation.clients)),
      ...rowFindings(rows, expectation),
      writableFinding(writable),
      repeatedFinding(run),
      healthyFinding(run),
    ],
  };
};
