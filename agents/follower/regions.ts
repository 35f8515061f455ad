import type { Agent } from 'node:https';
import { newestPrimary } from '../../lib/failover/region-guard';
import { followPatch, merged, parseStatus, type RegionStatus } from '../../lib/failover/region-role';
import type { FollowerConfig, PeerConfig, RegionsConfig } from '../../lib/services/follower';
import type { Leader, RoleReading } from './decide';
import type { EtcdClient } from './etcd';
import { exchange } from './http';
import { onChange, reasonOf, type Log } from './log';
import type { Metrics } from './metrics';
import { addressesInOrder, bestAnswer, localTarget, MAX_PEER_AGE_MS, servingPeer, type PeerView } from './region-view';
import type { State } from './state';
import type { Wake } from './wake';

export interface RegionsPorts {
  readonly config: FollowerConfig;
  readonly regions: RegionsConfig;
  readonly etcd: Pick<EtcdClient, 'replace'>;
  readonly state: State;
  readonly metrics: Metrics;
  readonly patroniAgent: () => Agent;
  /** Its connections are kept. */
  readonly peerAgent: () => Agent;
  readonly now: () => number;
  /** Milliseconds since the epoch: the database's clock, near enough. */
  readonly wallClock: () => number;
  readonly log: Log;
  readonly readNow: Wake;
  readonly sleep: (ms: number) => Promise<void>;
  readonly stop: AbortSignal;
}

/** While nobody is known to take writes, the others are asked so often. */
const URGENT_MS = 150;
/** A gateway that answered so lately is kept. */
const PATIENCE_MS = 2_500;

/** Asks the other regions what they are, until stopped: whom to forward writes to, and whether this region is primary still. */
export const regionsLoop = async (ports: RegionsPorts): Promise<void> => {
  const { state, stop, now, sleep, config } = ports;
  const log = onChange(ports.log);
  while (!stop.aborted) {
    const began = now();
    const isUrgent = (): boolean => state.reading?.role?.follows === true && servingPeer(state.peers, now()) === undefined;
    await Promise.all(ports.regions.peers.map((peer) => lookAt(ports, peer, isUrgent(), log)));
    const role = state.reading?.role;
    if (role !== undefined) await stepBackIfSuperseded(ports, role, log);
    ports.readNow.now();
    await sleep(Math.max(20, began + (isUrgent() ? URGENT_MS : config.pollIntervalSeconds * 1000) - now()));
  }
};

/** How old this region's rows are, and so where reads of them go, until stopped. On its own: a member that is just being stopped answers late. */
export const ageLoop = async (ports: RegionsPorts): Promise<void> => {
  const { state, stop, now, sleep, config, regions } = ports;
  while (!stop.aborted) {
    const began = now();
    await lookAtOwnAge(ports);
    ports.metrics.replicationAgeSeconds = state.ageSeconds;
    const { local, role } = state.reading ?? {};
    state.localTarget = localTarget({
      local: local?.address,
      follows: role?.follows ?? false,
      ageSeconds: state.ageSeconds,
      boundSeconds: regions.stalenessBoundSeconds,
      route: state.route,
      before: state.localTarget,
    });
    await sleep(Math.max(20, began + config.pollIntervalSeconds * 1000 - now()));
  }
};

const askPeer = async ({ regions, peerAgent, now, config }: RegionsPorts, peer: PeerConfig, statusAddress: string, gateway: string): Promise<PeerView> => {
  const at = now();
  const url = `https://${statusAddress}:${regions.statusPort}/region`;
  const status = parseStatus((await exchange({ method: 'GET', url, agent: peerAgent(), timeoutMs: config.requestTimeoutSeconds * 1000 })).body);
  if (status?.region !== peer.name) throw new Error(`${statusAddress} does not speak for ${peer.name}`);
  return { status, gateway, statusAddress, at };
};

/** Of a region that has just been promoted one follower knows it before the others do. */
const askAll = async (ports: RegionsPorts, peer: PeerConfig, failures: string[]): Promise<PeerView | undefined> => {
  const addresses = addressesInOrder(peer, ports.state.peers.get(peer.name));
  const answers = await Promise.allSettled(addresses.map(([status, gateway]) => askPeer(ports, peer, status, gateway)));
  failures.push(...answers.flatMap((a) => (a.status === 'rejected' ? [reasonOf(a.reason)] : [])));
  return bestAnswer(answers.flatMap((a) => (a.status === 'fulfilled' ? [a.value] : [])));
};

const askInTurn = async (ports: RegionsPorts, peer: PeerConfig, failures: string[]): Promise<PeerView | undefined> => {
  const before = ports.state.peers.get(peer.name);
  for (const [status, gateway] of addressesInOrder(peer, before)) {
    try {
      return await askPeer(ports, peer, status, gateway);
    } catch (error) {
      failures.push(reasonOf(error));
      // One late answer is no reason to move every client's connection: the other addresses are tried when the word is getting old.
      if (ports.now() - (before?.at ?? -Infinity) < PATIENCE_MS) break;
    }
  }
  return undefined;
};

const lookAt = async (ports: RegionsPorts, peer: PeerConfig, isUrgent: boolean, log: Log): Promise<void> => {
  const { state, now } = ports;
  const failures: string[] = [];
  const view = await (isUrgent ? askAll : askInTurn)(ports, peer, failures);
  if (view !== undefined) {
    state.peers.set(peer.name, view);
    log(peer.name, describe(view.status));
    return;
  }
  if (now() - (state.peers.get(peer.name)?.at ?? -Infinity) > MAX_PEER_AGE_MS) state.peers.delete(peer.name);
  log(peer.name, `does not answer: ${[...new Set(failures)].sort().join('; ')}`);
};

const describe = ({ initialized, follows, epoch, serving, primary }: RegionStatus): string =>
  initialized
    ? `${follows ? `follows ${primary ?? 'another'}` : `is primary${serving ? '' : ', and takes no writes now'}`}, epoch ${epoch}`
    : 'has no cluster yet';

/**
 * Another region was promoted while this one was out of reach: this one is fenced by its own hand, and comes back as a standby. Each follower tries; etcd lets one
 * of them.
 */
const stepBackIfSuperseded = async ({ regions, etcd, state, now }: RegionsPorts, role: RoleReading, log: Log): Promise<void> => {
  const fresh = [...state.peers.values()].filter(({ at }) => now() - at <= MAX_PEER_AGE_MS).map(({ status }) => status);
  const newer = role.follows || !role.initialized ? undefined : newestPrimary(fresh, role);
  const peer = regions.peers.find(({ name }) => name === newer?.region);
  if (newer === undefined || peer === undefined) return;
  const patch = followPatch({ epoch: newer.epoch, primary: peer.name, standbyCluster: peer.standbyCluster });
  try {
    const replaced = await etcd.replace(regions.configKey, JSON.stringify(merged(role.config, patch)), role.modRevision);
    log('stepped back', `${peer.name} is primary since epoch ${newer.epoch}${replaced ? '' : '; somebody else was faster'}`);
  } catch (error) {
    log('stepping back failed', reasonOf(error));
  }
};

/** How old the newest row is that the region's own leader has: the primary writes one every second. */
const lookAtOwnAge = async ({ state, patroniAgent, config, wallClock }: RegionsPorts): Promise<void> => {
  const role = state.reading?.role;
  const url = patroniUrl(state.reading?.local);
  if (role?.follows !== true || url === undefined) {
    state.ageSeconds = undefined;
    return;
  }
  try {
    const { body } = await exchange({ method: 'GET', url, agent: patroniAgent(), timeoutMs: config.requestTimeoutSeconds * 1000 });
    const { xlog } = JSON.parse(body) as { xlog?: { replayed_timestamp?: string | null } };
    const replayed = Date.parse(xlog?.replayed_timestamp ?? '');
    state.ageSeconds = Number.isFinite(replayed) ? Math.max(0, (wallClock() - replayed) / 1000) : undefined;
  } catch {
    state.ageSeconds = undefined; // not known, and shown as such: reads go with the writes
  }
};

const patroniUrl = (leader: Leader | undefined): string | undefined => leader?.primaryUrl?.replace(/\/primary$/, '/patroni');
