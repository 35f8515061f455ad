/** etcd's v3 API as its JSON gateway speaks it: keys and values in base64, 64-bit numbers as decimal text, absent fields mean zero. */
import { isIP } from 'node:net';
import { NO_ROLE, roleOf } from '../../lib/failover/region-role';
import type { Address, Leader, RoleReading } from './decide';
import type { EtcdMember, EtcdStatus } from './placement';
import type { MemberKey } from './region-members';

/** etcd answered something that can't be understood, or an error of its own. */
export class EtcdAnswerError extends Error {
  override readonly name = 'EtcdAnswerError';
}

type Plain = Readonly<Record<string, unknown>>;
const isPlain = (v: unknown): v is Plain => typeof v === 'object' && v !== null && !Array.isArray(v);
const plain = (v: unknown): Plain => (isPlain(v) ? v : {});
const list = (v: unknown): readonly Plain[] => (Array.isArray(v) ? v.map(plain) : []);
const text = (v: unknown): string => (typeof v === 'string' ? v : '');
const id = (v: unknown): string => (typeof v === 'string' && /^\d+$/.test(v) ? v : '0');

const int64 = (v: unknown, what: string): number => {
  const n = v === undefined ? 0 : Number(v);
  if (!Number.isSafeInteger(n)) throw new EtcdAnswerError(`${what} is not a number that can be counted with: ${JSON.stringify(v)}`);
  return n;
};

export const encode = (key: string): string => Buffer.from(key, 'utf8').toString('base64');
const decode = (value: unknown): string => Buffer.from(text(value), 'base64').toString('utf8');

/** The end of the range of all keys that begin with `prefix`. Keys of Patroni are ASCII, so the last byte can always be raised. */
export const prefixEnd = (prefix: string): string => prefix.slice(0, -1) + String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1);

export const parseJson = (body: string): unknown => {
  try {
    return JSON.parse(body) as unknown;
  } catch {
    throw new EtcdAnswerError(`etcd answered something that is not JSON: ${body.slice(0, 80)}`);
  }
};

export interface ReadKeys {
  readonly leader: string;
  readonly sync: string;
  readonly failover: string;
  readonly membersPrefix: string;
  /** Patroni's dynamic configuration, where there is more than one region. */
  readonly config?: string | undefined;
}

/** Everything that a decision needs, in one transaction: the leader key, the sync key, the failover key, the member keys, and what the region is. */
export const readRequest = (keys: ReadKeys, linearizable: boolean): string => {
  const range = (key: string, end?: string) => ({
    request_range: { key: encode(key), ...(end === undefined ? {} : { range_end: encode(end) }), ...(linearizable ? {} : { serializable: true }) },
  });
  const config = keys.config === undefined ? [] : [range(keys.config)];
  return JSON.stringify({
    success: [range(keys.leader), range(keys.sync), range(keys.failover), range(keys.membersPrefix, prefixEnd(keys.membersPrefix)), ...config],
  });
};

export interface ReadAnswer {
  readonly clusterId: string;
  readonly leader: Leader | undefined;
  readonly syncStandby: string | undefined;
  readonly handover: string | undefined;
  readonly role?: RoleReading | undefined;
  readonly members?: readonly MemberKey[];
}

/** Replaces a key's value if nobody has since it was read at `modRevision` (0: it was not there). */
export const replaceRequest = (key: string, value: string, modRevision: number): string =>
  JSON.stringify({
    compare: [{ key: encode(key), target: 'MOD', result: 'EQUAL', mod_revision: String(modRevision) }],
    success: [{ request_put: { key: encode(key), value: encode(value) } }],
  });

export const parseReplaced = (answer: unknown): boolean => plain(answer)['succeeded'] === true;

const MEMBER_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;

const parseKey = (value: string): Plain => {
  try {
    return plain(JSON.parse(value) as unknown);
  } catch {
    return {};
  }
};

/** `postgres://10.1.2.3:5432/postgres` -> host and port; undefined unless the host is a numeric address. */
const addressOf = (connUrl: unknown): Address | undefined => {
  if (!URL.canParse(text(connUrl))) return undefined;
  const url = new URL(text(connUrl));
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  return isIP(host) === 0 ? undefined : { host, port: Number(url.port || 5432) };
};

/** `https://10.1.2.3:8008/patroni` -> `https://10.1.2.3:8008/primary`. */
const primaryUrlOf = (apiUrl: unknown): string | undefined => {
  if (!URL.canParse(text(apiUrl))) return undefined;
  const url = new URL('/primary', text(apiUrl));
  return url.protocol === 'https:' ? url.href : undefined;
};

/** @throws EtcdAnswerError when the answer is not one to `readRequest` */
export const parseRead = (answer: unknown, membersPrefix: string): ReadAnswer => {
  const { header, responses } = plain(answer);
  const clusterId = id(plain(header)['cluster_id']);
  const [leaderKvs, syncKvs, failoverKvs, memberKvs, configKvs] = list(responses).map((r) => list(plain(r['response_range'])['kvs']));
  if (clusterId === '0' || !leaderKvs || !syncKvs || !failoverKvs || !memberKvs)
    throw new EtcdAnswerError(`etcd's answer to a read is incomplete: ${JSON.stringify(answer).slice(0, 160)}`);
  const sync = parseKey(decode(syncKvs[0]?.['value']));
  const syncStandby = /^[^,]+/.exec(text(sync['sync_standby']))?.[0];
  const [key] = leaderKvs;
  return {
    clusterId,
    syncStandby,
    handover: handoverFrom(parseKey(decode(failoverKvs[0]?.['value']))),
    leader: key ? leaderFrom(key, memberKvs, membersPrefix) : undefined,
    ...(configKvs === undefined ? {} : { role: roleFrom(configKvs[0]), members: memberKvs.map((kv) => memberFrom(kv, membersPrefix)) }),
  };
};

const roleFrom = (key: Plain | undefined): RoleReading => {
  if (key === undefined) return { ...NO_ROLE, modRevision: 0, config: {} };
  const config = parseKey(decode(key['value']));
  return { ...roleOf(config), modRevision: int64(key['mod_revision'], 'mod_revision'), config };
};

const memberFrom = (key: Plain, membersPrefix: string): MemberKey => ({
  name: decode(key['key']).slice(membersPrefix.length),
  primaryUrl: primaryUrlOf(parseKey(decode(key['value']))['api_url']),
});

/** Patroni's failover key: `leader` is named for a switchover (not for a failover by hand), `scheduled_at` for one that is not due yet. */
const handoverFrom = (failover: Plain): string | undefined => {
  const leader = text(failover['leader']);
  return leader === '' || text(failover['scheduled_at']) !== '' ? undefined : leader;
};

const leaderFrom = (key: Plain, memberKvs: readonly Plain[], membersPrefix: string): Leader => {
  const member = decode(key['value']);
  if (!MEMBER_NAME.test(member)) throw new EtcdAnswerError(`the leader key holds no member name: ${JSON.stringify(member).slice(0, 80)}`);
  const memberKey = memberKvs.find((kv) => decode(kv['key']) === `${membersPrefix}${member}`);
  const { conn_url: connUrl, api_url: apiUrl } = parseKey(decode(memberKey?.['value']));
  return { member, modRevision: int64(key['mod_revision'], 'mod_revision'), address: addressOf(connUrl), primaryUrl: primaryUrlOf(apiUrl) };
};

/** Watches two keys and the few between them: Patroni's `failover` and `leader` are neighbours, and what lies between (`history`, ...) seldom changes. */
export const watchRequest = (first: string, last: string): string => JSON.stringify({ create_request: { key: encode(first), range_end: encode(`${last}\0`) } });

export type WatchMessage =
  | { readonly kind: 'created' | 'changed' | 'progress'; readonly revision: number }
  /** etcd ended the watch: its revision was compacted away, the member lost its leader, the server stops. */
  | { readonly kind: 'cancelled'; readonly because: string };

/** @param line one line of the stream */
export const parseWatch = (line: string): WatchMessage => {
  const message = plain(parseJson(line));
  if (message['error'] !== undefined) return { kind: 'cancelled', because: text(plain(message['error'])['message']) || JSON.stringify(message['error']) };
  const result = plain(message['result']);
  if (result['canceled'] === true) {
    const compacted = result['compact_revision'] === undefined ? '' : ` (compacted at revision ${text(result['compact_revision'])})`;
    return { kind: 'cancelled', because: `${text(result['cancel_reason']) || 'cancelled by etcd'}${compacted}` };
  }
  const revision = int64(plain(result['header'])['revision'], 'revision');
  if (result['created'] === true) return { kind: 'created', revision };
  return { kind: list(result['events']).length > 0 ? 'changed' : 'progress', revision };
};

export const parseStatus = (answer: unknown, endpoint: string): EtcdStatus => {
  const status = plain(answer);
  const memberId = id(plain(status['header'])['member_id']);
  if (memberId === '0') throw new EtcdAnswerError(`etcd's status is incomplete: ${JSON.stringify(answer).slice(0, 160)}`);
  const errors = Array.isArray(status['errors']) ? status['errors'].map(String) : [];
  return { endpoint, memberId, leaderId: id(status['leader']), appliedIndex: int64(status['raftAppliedIndex'], 'raftAppliedIndex'), errors };
};

export const parseMembers = (answer: unknown): readonly EtcdMember[] =>
  list(plain(answer)['members']).map((m) => ({ id: id(m['ID']), name: text(m['name']), learner: m['isLearner'] === true }));

export const transferRequest = (targetId: string): string => JSON.stringify({ targetID: targetId });
