/** What Patroni's members say of themselves, asked over their REST API from inside the lab's network. */
import { Agent, request } from 'node:https';
import { isIP } from 'node:net';
import { PATRONI_PORT } from '../lib/topology/derive';

export interface PatroniMember {
  readonly name: string;
  readonly host: string;
  readonly role: string;
  readonly state: string;
  readonly timeline?: number;
}

/** Who calls: TLS material of the lab (PEM). */
export interface PatroniClientTls {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

export interface Answer {
  readonly status: number;
  readonly body: string;
}

/** One for each caller, so that certificates are read once and sessions are resumed: a handshake from nothing costs the member a signature. */
const agents = new WeakMap<PatroniClientTls, Agent>();
const agentOf = (tls: PatroniClientTls): Agent => {
  const known = agents.get(tls);
  if (known !== undefined) return known;
  const agent = new Agent({
    ...tls,
    keepAlive: false,
    checkServerIdentity: () => undefined, // verify-ca: members are reached by pod address, which no certificate can carry
  });
  agents.set(tls, agent);
  return agent;
};

/** One request to one member. Rejects when nobody answers in time. */
export const askPatroni = (
  tls: PatroniClientTls,
  address: string,
  path: string,
  options: { method?: string; body?: unknown; timeoutSeconds?: number } = {},
): Promise<Answer> => {
  if (isIP(address) === 0) return Promise.reject(new Error(`Patroni's address must be an IP address, got "${address}"`));
  const timeout = (options.timeoutSeconds ?? 2) * 1000;
  const payload = options.body === undefined ? undefined : JSON.stringify(options.body);
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        host: address,
        port: PATRONI_PORT,
        path,
        method: options.method ?? 'GET',
        agent: agentOf(tls),
        headers: payload === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) },
      },
      (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('error', reject);
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') }));
      },
    );
    const timer = setTimeout(() => outgoing.destroy(new Error(`${address}${path}: no answer within ${timeout / 1000} s`)), timeout);
    outgoing.on('close', () => clearTimeout(timer));
    outgoing.on('error', reject);
    outgoing.end(payload);
  });
};

/** The cluster as the first member that answers sees it. @throws Error when none answers */
export const clusterMembers = async (tls: PatroniClientTls, addresses: readonly string[]): Promise<readonly PatroniMember[]> => {
  let last: unknown = new Error('no member has an address');
  for (const address of addresses) {
    try {
      const { status, body } = await askPatroni(tls, address, '/cluster');
      if (status === 200) return (JSON.parse(body) as { members: readonly PatroniMember[] }).members;
      last = new Error(`${address}/cluster answered ${status}`);
    } catch (error) {
      last = error;
    }
  }
  throw last;
};

export const isLeader = (member: PatroniMember): boolean => ['leader', 'standby_leader'].includes(member.role);

/**
 * Why the cluster is not whole; empty: one running leader, one synchronous standby, everybody streams, one timeline. In a standby region the leader streams from
 * another region, and nobody is synchronous.
 */
export const complaints = (members: readonly PatroniMember[], expected: number): readonly string[] => {
  const leaders = members.filter(isLeader);
  const follows = leaders[0]?.role === 'standby_leader';
  const timelines = new Set(members.map((m) => m.timeline));
  return [
    ...(members.length === expected ? [] : [`${members.length} of ${expected} members`]),
    ...(leaders.length === 1 && leaders[0]?.state === (follows ? 'streaming' : 'running')
      ? []
      : [`${leaders.length} leaders (${leaders.map((l) => l.state).join(', ')})`]),
    ...(follows || members.some((m) => m.role === 'sync_standby') ? [] : ['no synchronous standby']),
    ...members.filter((m) => !isLeader(m) && m.state !== 'streaming').map((m) => `${m.name} is ${m.state}`),
    ...(timelines.size === 1 ? [] : [`timelines ${[...timelines].join(', ')}`]),
  ];
};
