import type { Agent } from 'node:https';
import type { FollowerConfig } from '../../lib/services/follower';
import type { Reading } from './decide';
import {
  EtcdAnswerError,
  parseJson,
  parseMembers,
  parseRead,
  parseReplaced,
  parseStatus,
  type ReadKeys,
  readRequest,
  replaceRequest,
  transferRequest,
  watchRequest,
} from './etcd-codec';
import { exchange } from './http';
import { reasonOf } from './log';
import type { Metrics } from './metrics';
import type { EtcdMember, EtcdStatus } from './placement';
import { watchStream } from './watch-stream';

export interface EtcdPorts {
  readonly agent: () => Agent;
  /** For watches: a connection of its own, not shared with requests. */
  readonly watchAgent: () => Agent;
  readonly now: () => number;
  readonly metrics: Metrics;
}

/** One endpoint is in use, for reads and the watch alike; whoever finds it bad moves everyone to the next. */
export interface Endpoints {
  current(): string;
  /** All, the present one first. */
  inOrder(): readonly string[];
  /** Moves on, unless someone else already has. */
  leave(endpoint: string): void;
  onMove(listener: () => void): void;
}

export const endpointsOf = (all: readonly string[], start: number): Endpoints => {
  const listeners: (() => void)[] = [];
  let index = start % all.length;
  const current = (): string => all[index] ?? '';
  return {
    current,
    inOrder: () => [...all.slice(index), ...all.slice(0, index)],
    leave: (endpoint) => {
      if (endpoint !== current() || all.length === 1) return;
      index = (index + 1) % all.length;
      listeners.forEach((listener) => listener());
    },
    onMove: (listener) => void listeners.push(listener),
  };
};

/** etcd cancels a watch, and refuses a read at once, on a member that has lost its leader; otherwise they would just hang. */
const REQUIRE_LEADER = { 'grpc-metadata-hasleader': 'true' };
const TRANSFER_TIMEOUT_MS = 5_000;

/** Patroni keeps its record of the synchronous standby beside the leader key. */
const syncKeyOf = (leaderKey: string): string => leaderKey.replace(/leader$/, 'sync');
/** It exists while a switchover is wished for. */
const failoverKeyOf = (leaderKey: string): string => leaderKey.replace(/leader$/, 'failover');

export class EtcdClient {
  readonly endpoints: Endpoints;
  private readonly keys: ReadKeys;

  constructor(
    private readonly config: FollowerConfig,
    private readonly ports: EtcdPorts,
  ) {
    this.endpoints = endpointsOf(config.etcd.endpoints, Math.floor(Math.random() * config.etcd.endpoints.length));
    this.keys = {
      leader: config.leaderKey,
      sync: syncKeyOf(config.leaderKey),
      failover: failoverKeyOf(config.leaderKey),
      membersPrefix: config.membersPrefix,
      config: config.regions?.configKey,
    };
  }

  /**
   * What a quorum of etcd holds now. Every endpoint is asked at most once.
   * @throws Error when none answers
   */
  read(): Promise<Reading> {
    return this.onAnyEndpoint((endpoint) => this.readFrom(endpoint, true));
  }

  /**
   * One member's own view, which may be old: for a follower that has no route at all while etcd has no quorum.
   * @throws Error when no endpoint answers
   */
  readWithoutQuorum(): Promise<Reading> {
    return this.onAnyEndpoint((endpoint) => this.readFrom(endpoint, false));
  }

  /** Watches the leader key and the failover key until the stream ends for any reason, which is returned. */
  watch(endpoint: string, onMessage: (revision: number) => void, stop: AbortSignal): Promise<string> {
    const request = {
      url: `${endpoint}/v3/watch`,
      body: watchRequest(this.keys.config ?? this.keys.failover, this.keys.leader),
      agent: this.ports.watchAgent(),
      headers: REQUIRE_LEADER,
    };
    return watchStream(request, onMessage, stop);
  }

  /**
   * Replaces a key, unless somebody else has since it was read.
   * @returns whether it was replaced
   */
  replace(key: string, value: string, modRevision: number): Promise<boolean> {
    return this.onAnyEndpoint(async (endpoint) => parseReplaced(await this.post(endpoint, '/v3/kv/txn', replaceRequest(key, value, modRevision))));
  }

  members(): Promise<readonly EtcdMember[]> {
    return this.onAnyEndpoint(async (endpoint) => parseMembers(await this.post(endpoint, '/v3/cluster/member/list', '{}')));
  }

  /** Of every endpoint that answers. */
  async statuses(): Promise<readonly EtcdStatus[]> {
    const ask = async (endpoint: string): Promise<EtcdStatus> => parseStatus(await this.post(endpoint, '/v3/maintenance/status', '{}'), endpoint);
    const settled = await Promise.allSettled(this.config.etcd.endpoints.map(ask));
    return settled.flatMap((s) => (s.status === 'fulfilled' ? [s.value] : []));
  }

  /**
   * @param via endpoint of etcd's leader; no other member may give its leadership away
   * @throws Error when etcd refuses or does not answer
   */
  async transferLeadership(via: string, targetId: string): Promise<void> {
    await this.post(via, '/v3/maintenance/transfer-leadership', transferRequest(targetId), { timeoutMs: TRANSFER_TIMEOUT_MS });
  }

  private async readFrom(endpoint: string, linearizable: boolean): Promise<Reading> {
    const at = this.ports.now();
    const headers = linearizable ? REQUIRE_LEADER : {};
    const answer = await this.post(endpoint, '/v3/kv/txn', readRequest(this.keys, linearizable), { headers });
    if (linearizable) this.ports.metrics.etcdAnsweredAt = at;
    return { at, linearizable, ...parseRead(answer, this.config.membersPrefix) };
  }

  private async onAnyEndpoint<T>(ask: (endpoint: string) => Promise<T>): Promise<T> {
    const failures: string[] = [];
    for (const endpoint of this.endpoints.inOrder()) {
      try {
        return await ask(endpoint);
      } catch (error) {
        failures.push(`${endpoint}: ${reasonOf(error)}`);
        this.endpoints.leave(endpoint);
      }
    }
    // Sorted: the same failures are the same message, wherever the round began.
    throw new Error(failures.sort().join('; '));
  }

  private async post(
    endpoint: string,
    path: string,
    body: string,
    special: { headers?: Readonly<Record<string, string>>; timeoutMs?: number } = {},
  ): Promise<unknown> {
    const { agent, metrics } = this.ports;
    const timeoutMs = special.timeoutMs ?? this.config.requestTimeoutSeconds * 1000;
    try {
      const answer = await exchange({ method: 'POST', url: `${endpoint}${path}`, body, agent: agent(), headers: special.headers ?? {}, timeoutMs });
      if (answer.status !== 200) throw new EtcdAnswerError(`etcd answered ${answer.status}: ${answer.body.trim().slice(0, 160)}`);
      return parseJson(answer.body);
    } catch (error) {
      metrics.etcdErrors += 1;
      throw error;
    }
  }
}
