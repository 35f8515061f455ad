/** Watches a drill from outside the nodes: the leader key in etcd, the members' roles, and which pod has which address. */
import { leaderKey } from '../../lib/topology/derive';
import type { HistoryEvent } from '../../lib/drill/events';
import { EtcdClient, type EtcdMember } from '../etcd';
import { podsOf } from '../health';
import type { KubernetesApi, Pod } from '../kubernetes/api';
import { now } from '../meter/clock';
import { askPatroni, type PatroniClientTls } from '../patroni';
import type { LabSettings } from '../settings';
import { sleep } from '../exec';

const LEADER_EVERY = 0.1;
const ROLES_EVERY = 0.4;
const PODS_EVERY = 2;
/** What a member said counts as its present state for so long, seconds. */
const RECENT = 1.5;

export interface Observer {
  readonly events: readonly HistoryEvent[];
  /** Member by pod address, for every address seen. */
  readonly memberByAddress: ReadonlyMap<string, string>;
  /** Whether every member, asked itself a moment ago, streams or is the primary, on one timeline. What the leader says of the others may be old. */
  readonly isWhole: () => boolean;
  /** The member that holds the leader key now. */
  readonly leader: () => string | null;
  readonly stop: () => Promise<void>;
}

interface Sight {
  etcd: readonly EtcdMember[];
  postgres: ReadonlyMap<string, string>;
  leader: string | null;
}

const named = (pods: readonly Pod[]): readonly EtcdMember[] =>
  pods.flatMap((p) => (p.status.podIP === undefined ? [] : [{ name: p.metadata.name, address: p.status.podIP }]));

/** Of the members that answer, the one with the newest revision is believed: a cut-off member would tell of the past. */
const readLeader = async (client: EtcdClient, members: readonly EtcdMember[], key: string): Promise<string | null | undefined> => {
  const answers = await Promise.allSettled(members.map((m) => client.readWithRevision(m.address, key)));
  const heard = answers.flatMap((a) => (a.status === 'fulfilled' ? [a.value] : []));
  const newest = heard.sort((a, b) => b.revision - a.revision)[0];
  return newest === undefined ? undefined : (newest.value ?? null);
};

export const startObserver = (lab: LabSettings, api: KubernetesApi, tls: PatroniClientTls, members: readonly string[]): Observer => {
  const events: HistoryEvent[] = [];
  const memberByAddress = new Map<string, string>();
  const client = new EtcdClient(tls);
  const sight: Sight = { etcd: [], postgres: new Map(), leader: null };
  let stopping = false;

  const repeat = async (every: number, look: () => Promise<void>): Promise<void> => {
    while (!stopping) {
      const began = now();
      await look();
      await sleep(Math.max(0.01, began + every - now()));
    }
  };
  const lookAtPods = async (): Promise<void> => {
    try {
      const [etcd, postgres] = await Promise.all([podsOf(api, 'etcd'), podsOf(api, 'postgres')]);
      sight.etcd = named(etcd);
      sight.postgres = new Map(named(postgres).map((m) => [m.name, m.address]));
      for (const { name, address } of named(postgres)) memberByAddress.set(address, name);
    } catch (error) {
      process.stderr.write(`observer: pods: ${String(error)}\n`);
    }
  };
  const lookAtLeader = async (): Promise<void> => {
    const leader = await readLeader(client, sight.etcd, leaderKey(lab.environment));
    if (leader === undefined) return; // nobody answered: silence, which the checkers count
    sight.leader = leader;
    events.push({ t: now(), kind: 'leader', member: leader });
  };
  const lookAtRoles = async (): Promise<void> => {
    events.push(...(await Promise.all(members.map((member) => roleOf(tls, member, sight.postgres.get(member))))));
  };

  const loops = lookAtPods().then(() => Promise.all([repeat(PODS_EVERY, lookAtPods), repeat(LEADER_EVERY, lookAtLeader), repeat(ROLES_EVERY, lookAtRoles)]));
  return {
    events,
    memberByAddress,
    leader: () => sight.leader,
    isWhole: () => isWhole(events, members),
    stop: async () => {
      stopping = true;
      await loops;
      client.close();
    },
  };
};

const isWhole = (events: readonly HistoryEvent[], members: readonly string[]): boolean => {
  const latest = members.map((member) => events.findLast((e) => e.kind === 'role' && e.member === member));
  const roles = latest.filter((e) => e?.kind === 'role').filter((e) => e.t > now() - RECENT);
  const primaries = roles.filter((r) => r.role === 'primary' && r.state === 'running');
  const streaming = roles.filter((r) => r.state === 'streaming');
  return primaries.length === 1 && streaming.length === members.length - 1 && new Set(roles.map((r) => r.timeline)).size === 1;
};

interface PatroniStatus {
  readonly state?: string;
  readonly role?: string;
  readonly timeline?: number;
  readonly replication_state?: string;
}

/** Patroni tells a streaming standby by `replication_state`; its `state` stays "running". */
const roleOf = async (tls: PatroniClientTls, member: string, address: string | undefined): Promise<HistoryEvent> => {
  const unreachable: HistoryEvent = { t: now(), kind: 'role', member, state: 'unreachable', role: null, timeline: null };
  if (address === undefined) return unreachable;
  try {
    const { body } = await askPatroni(tls, address, '/patroni', { timeoutSeconds: 1 });
    const status = JSON.parse(body) as PatroniStatus;
    return {
      t: now(),
      kind: 'role',
      member,
      state: status.replication_state ?? status.state ?? 'unknown',
      role: status.role ?? null,
      timeline: status.timeline ?? null,
    };
  } catch {
    return { ...unreachable, t: now() };
  }
};
