import type { FollowerConfig, RegionsConfig } from '../../lib/services/follower';
import type { LeaseKeeperConfig } from '../../lib/services/lease-keeper';
import type { RoleReading as KnownRole } from '../../lib/failover/lease-keeper';
import type { RoleReading } from '../follower/decide';
import { EtcdClient } from '../follower/etcd';
import { onChange, reasonOf, type Log } from '../follower/log';
import { newMetrics as newEtcdMetrics } from '../follower/metrics';
import { Watch } from '../follower/reading';
import { agentSource, rememberingLookup } from '../follower/tls';
import { makeWake, type Wake } from '../follower/wake';
import { bootId, bootSeconds } from './boot-clock';
import { DeadlineFile } from './deadline-file';
import { replicasOf } from './dynamodb';
import { Keeper } from './keep';
import { newMetrics, renderMetrics } from './metrics';
import { askPeers } from './peers';
import { serve } from './server';
import { KeeperStore } from './store';

/** Not less, when a round is to be repeated at once: nothing is gained by asking faster than the answers can change. */
const AGAIN_SECONDS = 0.05;

export interface KeeperInput {
  /** With the certificates that this pod has. */
  readonly follower: FollowerConfig;
  readonly regions: RegionsConfig;
  readonly keeper: LeaseKeeperConfig;
  readonly log: Log;
  readonly stop: AbortSignal;
  /** Seconds of CLOCK_BOOTTIME. */
  readonly clock?: () => number;
}

type Known = KnownRole & { readonly role: RoleReading };

/** What the region is, by its own etcd: read on every word of its watch, and every second or so without one. */
class OwnRole {
  known: Known | undefined;

  constructor(
    private readonly etcd: EtcdClient,
    private readonly clock: () => number,
    private readonly changed: () => void,
    private readonly log: Log,
  ) {}

  async loop(readNow: Wake, pauseMs: number, stop: AbortSignal): Promise<void> {
    const log = onChange(this.log);
    while (!stop.aborted) {
      try {
        await this.read();
        log('etcd', 'answers');
      } catch (error) {
        log('etcd', `does not answer: ${reasonOf(error)}`);
      }
      await readNow.sleep(pauseMs);
    }
  }

  private async read(): Promise<void> {
    const begunAt = this.clock();
    const { role, linearizable } = await this.etcd.read();
    if (role === undefined) return;
    const before = this.known?.role.modRevision;
    this.known = { role, linearizable, begunAt };
    if (before !== role.modRevision) this.changed();
  }
}

/**
 * Keeps the deadline until `stop`. What stands in the file then passes by itself.
 * @throws Error when the certificates can't be read, or the address to listen on is taken
 */
export const keepLease = async ({ follower, regions, keeper: config, log, stop, clock = bootSeconds }: KeeperInput): Promise<void> => {
  const nowMs = (): number => clock() * 1000;
  const lookup = rememberingLookup(nowMs);
  const agent = agentSource(follower.etcd, { keepAlive: true, verifyName: true, lookup }, log, nowMs);
  const watchAgent = agentSource(follower.etcd, { keepAlive: false, verifyName: true, lookup }, log, nowMs);
  const peerAgent = agentSource({ ...follower.etcd, ca: follower.patroniCa }, { keepAlive: true, verifyName: false }, log, nowMs);
  const etcdMetrics = newEtcdMetrics();
  const etcd = new EtcdClient(follower, { agent, watchAgent, now: nowMs, metrics: etcdMetrics });
  const [readNow, roundNow] = [makeWake(), makeWake()];
  stop.addEventListener('abort', () => [readNow, roundNow].forEach((wake) => wake.now()));

  const metrics = newMetrics();
  const deadline = new DeadlineFile(config.file, bootId());
  const role = new OwnRole(etcd, clock, () => roundNow.now(), log);
  const { lease } = config;
  const store = new KeeperStore(lease.table, replicasOf(config), (lease.requestTimeout * 1000) / lease.replicas.length);
  const peers = { regions, agent: peerAgent, timeoutMs: lease.requestTimeout * 1000 };
  const keeper = new Keeper({
    environment: config.environment,
    region: regions.self,
    lease,
    store,
    peers: (epoch) => askPeers(peers, epoch),
    role: () => role.known,
    replaceConfig: async (value, modRevision) => {
      const replaced = await etcd.replace(regions.configKey, JSON.stringify(value), modRevision);
      readNow.now();
      return replaced;
    },
    deadline,
    metrics,
    clock,
    wallClock: Date.now,
    log,
  });
  let roundAt = clock();
  const secondsLeft = (): number | undefined => (deadline.deadline === undefined ? undefined : deadline.deadline - clock());
  const server = await serve({ listen: config.listen, metrics: () => renderMetrics(metrics, secondsLeft()), sinceRound: () => clock() - roundAt });
  const rounds = async (): Promise<void> => {
    while (!stop.aborted) {
      const began = clock();
      const outcome = await keeper.round();
      roundAt = clock();
      await roundNow.sleep(1000 * (outcome === 'again' ? AGAIN_SECONDS : Math.max(AGAIN_SECONDS, began + lease.renewEvery - clock())));
    }
  };
  log('started', `for ${regions.self}`, { table: lease.table, replicas: lease.replicas.join(' ') });
  const watch = new Watch({ etcd, now: nowMs, log, metrics: etcdMetrics, readNow, stop });
  try {
    await Promise.race([rounds(), Promise.all([role.loop(readNow, lease.renewEvery * 1000, stop), watch.loop()])]);
  } finally {
    server.close();
    server.closeAllConnections();
    [agent, watchAgent, peerAgent].forEach((source) => source().destroy());
  }
};
