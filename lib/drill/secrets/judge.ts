/** Judges a rotation under load: pure. The promise is not a short gap but no failed request at all. */
import { longestGaps, missingRows, writableAtOnce } from '../checkers';
import type { History } from '../events';
import { windowOf } from '../expectation';
import { lostCount } from '../judge';
import type { ContractFigures } from '../procedure-run';
import { fail, pass, unknown, type Finding } from '../verdict';
import type { IntrusionEvent, LoginEvent } from './events';

export interface RotationExpectation {
  readonly clients: readonly string[];
  readonly members: readonly string[];
  readonly objectiveSeconds: number;
  readonly budgetUpperSeconds: number;
  readonly healthyDeadlineSeconds: number;
}

export interface RotationSeen {
  readonly history: History;
  readonly logins: readonly LoginEvent[];
  /** Seconds after the rotation's end until nothing was to be complained of; null: not in time. */
  readonly healthyAgainSeconds: number | null;
  /** Of all members, before and after: a failover begins a new one. */
  readonly timelines: { readonly before: number; readonly after: number };
}

export interface RotationJudgement {
  readonly measured: ContractFigures;
  readonly findings: readonly Finding[];
  /** Requests of clients (writes, reads, logins) and how many of them failed, between the rotation's begin and the end. */
  readonly requests: number;
  readonly failedRequests: number;
}

const NOTHING: ContractFigures = {
  gapSeconds: null,
  ackedLost: null,
  readThenLost: null,
  writablePrimaries: null,
  falseFailovers: null,
  healthyAgainSeconds: null,
};

export const judgeRotation = (seen: RotationSeen, expected: RotationExpectation): RotationJudgement => {
  const { history, logins } = seen;
  const window = windowOf(history);
  if (typeof window === 'string') return { measured: NOTHING, findings: [unknown('window', window)], requests: 0, failedRequests: 0 };
  const within = <E extends { readonly start: number }>(events: readonly E[]): readonly E[] =>
    events.filter((e) => e.start >= window.from && e.start <= window.to);
  const [writes, reads, entries] = [within(history.writes), within(history.reads), within(logins)];
  const failures = [
    ...writes.filter((w) => w.outcome !== 'acked').map((w) => `${w.client}: write ${w.id}: ${w.error ?? w.outcome}`),
    ...reads.filter((r) => r.ok === false).map((r) => `${r.client}: read: ${r.error ?? 'failed'}`),
    ...entries.filter((l) => !l.ok).map((l) => `${l.client}: login as ${l.user}: ${l.error ?? 'failed'}`),
  ];
  const requests = writes.length + reads.length + entries.length;
  const gap = longestGaps(history, window, expected.clients)[0]?.seconds ?? null;
  const rows = missingRows(history, window.from);
  const writable = writableAtOnce(history, expected.members);
  const measured: ContractFigures = {
    gapSeconds: gap,
    ackedLost: lostCount(rows, 'ackedLost'),
    readThenLost: lostCount(rows, 'readThenLost'),
    writablePrimaries: writable?.nodes.length ?? null,
    falseFailovers: Math.max(0, seen.timelines.after - seen.timelines.before),
    healthyAgainSeconds: seen.healthyAgainSeconds,
  };
  return {
    measured,
    requests,
    failedRequests: failures.length,
    findings: [...servedFindings(failures, requests), movedFinding(entries, expected), ...limits(measured, expected)],
  };
};

const servedFindings = (failures: readonly string[], requests: number): readonly Finding[] => {
  const check = 'no-failed-request';
  if (requests === 0) return [unknown(check, 'no request was made')];
  if (failures.length === 0) return [pass(check, `${requests} requests, none failed`)];
  return [fail(check, `${failures.length} of ${requests} requests failed, first ${failures.slice(0, 3).join('; ')}`)];
};

/** Clients that never moved would prove nothing about two versions. */
const movedFinding = (entries: readonly LoginEvent[], { clients }: RotationExpectation): Finding => {
  const still = clients.filter((client) => !entries.some((e) => e.client === client && e.ok));
  return still.length === 0
    ? pass('clients-moved', `every client logged in anew (${entries.length} logins)`)
    : fail('clients-moved', `${still.join(', ')} never logged in with new credentials`);
};

const limits = (m: ContractFigures, expected: RotationExpectation): readonly Finding[] => [
  upTo('objective', m.gapSeconds, expected.objectiveSeconds, 's without an acknowledged write'),
  upTo('budget', m.gapSeconds, expected.budgetUpperSeconds, "s without an acknowledged write, the configuration's upper bound"),
  upTo('acked-lost', m.ackedLost, 0, 'acknowledged writes missing'),
  upTo('read-then-lost', m.readThenLost, 0, 'rows read and missing afterwards'),
  upTo('one-writable-primary', m.writablePrimaries, 1, 'members that accepted commits at once'),
  upTo('no-failover', m.falseFailovers, 0, 'failovers'),
  upTo('healthy-again', m.healthyAgainSeconds, expected.healthyDeadlineSeconds, 's until healthy'),
];

const upTo = (check: string, value: number | null, limit: number, what: string): Finding => {
  if (value === null) return unknown(check, `could not be told; allowed ${limit} ${what}`);
  return (value <= limit ? pass : fail)(check, `${Number.isInteger(value) ? value : value.toFixed(2)} ${what}; allowed ${limit}`);
};

export interface CompromiseSeen {
  /** When the rotation was asked for. */
  readonly askedAt: number;
  readonly endedAt: number;
  readonly intrusions: readonly IntrusionEvent[];
  /** Whether the session that was kept open with the old login is still there. */
  readonly keptSessionAlive: boolean;
  /** Uses of the old logins that the audit lists, and how many were made. */
  readonly audited: { readonly listed: number; readonly made: number };
}

export interface CompromiseJudgement {
  readonly findings: readonly Finding[];
  /** From the command to the last login that succeeded with the old credentials; null: none ever did. */
  readonly lastIntrusionSeconds: number | null;
}

/** Without an attacker who was let in before, nothing is proved by one who is refused. */
export const judgeCompromise = (seen: CompromiseSeen, withinSeconds: number): CompromiseJudgement => {
  const inside = seen.intrusions.filter((i) => i.result === 'in');
  const doors = [...new Set(seen.intrusions.map((i) => i.door))];
  const unproved = doors.filter((door) => !inside.some((i) => i.door === door && i.t <= seen.askedAt));
  const open = doors.filter((door) => !seen.intrusions.some((i) => i.door === door && i.start > seen.endedAt && i.result === 'refused'));
  const after = inside.filter((i) => i.start > seen.endedAt);
  const last = inside.reduce<number | null>((latest, i) => Math.max(latest ?? -Infinity, i.t), null);
  const seconds = last === null ? null : Math.max(0, last - seen.askedAt);
  return {
    lastIntrusionSeconds: seconds,
    findings: [
      doors.length === 0 || unproved.length > 0
        ? unknown('old-credentials-were-good', doors.length === 0 ? 'nobody tried' : `never let in before: ${unproved.join(', ')}`)
        : pass('old-credentials-were-good', `${doors.length} doors let the attacker in before`),
      after.length > 0
        ? fail('old-credentials-refused', `let in after the rotation ended: ${[...new Set(after.map((i) => i.door))].join(', ')}`)
        : open.length > 0
          ? unknown('old-credentials-refused', `nobody was seen to be refused by ${open.join(', ')}`)
          : pass('old-credentials-refused', `refused by every one of ${doors.length} doors`),
      upTo('old-credentials-refused-in-time', seconds, withinSeconds, 's from the command to the last login with the old credentials'),
      (seen.keptSessionAlive ? fail : pass)(
        'old-sessions-ended',
        seen.keptSessionAlive ? 'a session of the old login still answers' : 'the session of the old login has ended',
      ),
      auditFinding(seen.audited),
    ],
  };
};

const auditFinding = ({ listed, made }: CompromiseSeen['audited']): Finding => {
  const detail = `${listed} of ${made} uses of the old logins are listed`;
  if (made === 0) return unknown('audit', 'no use was made that could be listed');
  return (listed >= made ? pass : fail)('audit', detail);
};
