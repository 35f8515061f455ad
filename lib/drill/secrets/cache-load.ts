/** Judges what clients of the cache saw while its passwords and certificates changed. Pure. */
import { streamOf, type CacheEvent, type CacheWrite } from '../cache/history';
import { fail, pass, unknown, type Finding } from '../verdict';
import type { LoginEvent } from './events';

export interface CacheLoadSeen {
  readonly events: readonly CacheEvent[];
  readonly logins: readonly LoginEvent[];
  readonly clients: readonly string[];
  /** Which ids of each stream are there in the end, by `streamOf`. */
  readonly present: ReadonlyMap<string, ReadonlySet<number>>;
  /** Seconds since the epoch: of the rotation. */
  readonly from: number;
  readonly to: number;
  /** Every connection is ended by the rotation: what was under way may have to be sent once more. */
  readonly connectionsEnd: boolean;
}

export interface CacheLoadJudgement {
  readonly findings: readonly Finding[];
  readonly requests: number;
  /** Failed, and not made good within a second where that is allowed. */
  readonly failed: number;
  /** Made good within a second. */
  readonly retried: number;
  /** Longest time between two acknowledged writes of a stream. */
  readonly gapSeconds: number | null;
}

/** A request that was cut off is made good when one of the same stream succeeds so soon. */
const MADE_GOOD_SECONDS = 1;

const isGood = (event: CacheEvent): boolean => (event.kind === 'cache-write' ? event.outcome === 'acked' : event.ok);
const keyOf = (event: CacheEvent): string => (event.kind === 'cache-write' ? streamOf(event) : `${event.client}/${event.shard}/read`);
const describe = (event: CacheEvent): string => `${keyOf(event)}: ${event.error ?? (event.kind === 'cache-write' ? event.outcome : 'failed')}`;

const byStream = (events: readonly CacheEvent[]): readonly (readonly CacheEvent[])[] => {
  const streams = new Map<string, CacheEvent[]>();
  for (const event of events) {
    const stream = streams.get(keyOf(event));
    if (stream === undefined) streams.set(keyOf(event), [event]);
    else stream.push(event);
  }
  return [...streams.values()];
};

const longestGap = (writes: readonly CacheWrite[]): number => Math.max(0, ...writes.map((w, i) => w.t - (writes[i - 1]?.t ?? w.t)));

export const judgeCacheLoad = (seen: CacheLoadSeen): CacheLoadJudgement => {
  const within = byStream(seen.events.filter((e) => e.t >= seen.from && e.t <= seen.to));
  const failures = within.flatMap((stream) =>
    stream.flatMap((event, i) => {
      if (isGood(event)) return [];
      const again = stream.slice(i + 1).find(isGood);
      return [{ event, madeGood: seen.connectionsEnd && again !== undefined && again.t - event.t < MADE_GOOD_SECONDS }];
    }),
  );
  const logins = seen.logins.filter((login) => login.start >= seen.from && login.start <= seen.to);
  const refusedLogins = logins.filter((login) => !login.ok);
  const hard = failures.filter(({ madeGood }) => !madeGood);
  const requests = within.reduce((sum, stream) => sum + stream.length, logins.length);
  const said = [...hard.map(({ event }) => describe(event)), ...refusedLogins.map((l) => `${l.client}: login: ${l.error ?? 'failed'}`)];
  const gaps = within.map((stream) => longestGap(stream.filter((e): e is CacheWrite => e.kind === 'cache-write' && e.outcome === 'acked')));
  return {
    requests,
    failed: said.length,
    retried: failures.length - hard.length,
    gapSeconds: gaps.length === 0 ? null : Math.max(...gaps),
    findings: [servedFinding(said, requests, failures.length - hard.length), movedFinding(logins, seen.clients), lossFinding(seen)],
  };
};

const servedFinding = (said: readonly string[], requests: number, retried: number): Finding => {
  const check = 'cache-no-failed-request';
  if (requests === 0) return unknown(check, 'no request was made to the cache');
  const again = retried === 0 ? '' : `, ${retried} cut off and sent once more`;
  return said.length === 0
    ? pass(check, `${requests} requests, none failed${again}`)
    : fail(check, `${said.length} of ${requests} requests failed${again}, first ${said.slice(0, 3).join('; ')}`);
};

/** Clients that never moved would prove nothing about two passwords. */
const movedFinding = (logins: readonly LoginEvent[], clients: readonly string[]): Finding => {
  const still = clients.filter((client) => !logins.some((login) => login.client === client && login.ok));
  return still.length === 0
    ? pass('cache-clients-moved', `every client logged in anew (${logins.length} logins)`)
    : fail('cache-clients-moved', `${still.join(', ')} never logged in to the cache with new credentials`);
};

const lossFinding = ({ events, present }: CacheLoadSeen): Finding => {
  const acked = events.filter((e): e is CacheWrite => e.kind === 'cache-write' && e.outcome === 'acked' && e.mode === 'wait');
  const unread = acked.some((w) => !present.has(streamOf(w)));
  if (acked.length === 0 || unread) return unknown('cache-confirmed-writes', 'what is there in the end could not be read');
  const lost = acked.filter((w) => present.get(streamOf(w))?.has(w.id) !== true).length;
  return (lost === 0 ? pass : fail)('cache-confirmed-writes', `${lost} of ${acked.length} writes that WAIT confirmed are missing`);
};
