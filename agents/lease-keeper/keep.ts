/** The keeper's rounds: each asks whether this region may write, and moves the deadline when it may. */
import { merged } from '../../lib/failover/region-role';
import { afterRenewal, afterVouching, deadlineFrom, keeperTask, type KeeperDecision, type RoleReading } from '../../lib/failover/lease-keeper';
import type { LeaseAnswer } from '../../lib/failover/lease';
import type { Vouch } from '../../lib/failover/vouch';
import type { RoleReading as EtcdRole } from '../follower/decide';
import { onChange, reasonOf, type Log } from '../follower/log';
import type { DeadlineFile } from './deadline-file';
import type { KeeperMetrics } from './metrics';
import type { KeeperStore } from './store';

export interface KeeperPorts {
  readonly environment: string;
  readonly region: string;
  readonly lease: { readonly duration: number; readonly requestTimeout: number };
  readonly store: Pick<KeeperStore, 'renew' | 'create'>;
  readonly peers: (epoch: number) => Promise<readonly (Vouch | undefined)[]>;
  /** What etcd last said; undefined: nothing yet. */
  readonly role: () => (RoleReading & { readonly role: EtcdRole }) | undefined;
  /** @returns false when somebody else changed the configuration meanwhile */
  readonly replaceConfig: (config: Readonly<Record<string, unknown>>, modRevision: number) => Promise<boolean>;
  readonly deadline: DeadlineFile;
  readonly metrics: KeeperMetrics;
  /** Seconds of CLOCK_BOOTTIME. */
  readonly clock: () => number;
  /** Milliseconds since the epoch. */
  readonly wallClock: () => number;
  readonly log: Log;
}

/**
 * What etcd said stays good, however long ago: only the store and the other regions grant anything, and both know better than an old role. A region whose etcd has lost
 * its quorum goes on, as Patroni does.
 */
const ANY_AGE = Number.POSITIVE_INFINITY;

export type Outcome = 'idle' | 'extended' | 'passing' | 'again';

export class Keeper {
  private readonly logChange: Log;
  /** The store was silent in the last round: the others are asked at the same time as it. */
  private wasSilent = false;

  constructor(private readonly ports: KeeperPorts) {
    this.logChange = onChange(ports.log);
  }

  /** Never throws: a round that fails extends nothing. */
  async round(): Promise<Outcome> {
    const { ports } = this;
    // Before anything is asked: whatever is granted was granted after this.
    const sentAt = ports.clock();
    const task = keeperTask(ports.region, ports.role(), sentAt, ANY_AGE);
    ports.metrics.primary = task.kind === 'renew';
    if (task.kind === 'idle') {
      this.logChange('lease', `not asked for: ${task.because}`);
      return 'idle';
    }
    const early = this.wasSilent ? ports.peers(task.epoch) : undefined;
    const answer = await this.renew(task.region, task.epoch);
    this.wasSilent = answer === undefined;
    let decision = afterRenewal(task.region, task.epoch, answer);
    if (decision.kind === 'ask-peers') {
      decision = afterVouching(await (early ?? ports.peers(task.epoch)));
      if (decision.kind === 'extend') ports.metrics.failsafeExtensions += 1;
    }
    return this.carryOut(decision, sentAt);
  }

  private async renew(region: string, epoch: number): Promise<LeaseAnswer | undefined> {
    const { store, metrics, wallClock, log, lease } = this.ports;
    try {
      const answer = await store.renew({ region, epoch, now: wallClock() }, AbortSignal.timeout(lease.requestTimeout * 1000));
      metrics[answer.kind === 'granted' ? 'renewals' : 'refusals'] += 1;
      this.logChange('lease store', 'answers');
      return answer;
    } catch (error) {
      metrics.storeErrors += 1;
      // Once for an outage, with its first reason.
      if (!this.wasSilent) log('lease store', `does not answer: ${reasonOf(error)}`);
      return undefined;
    }
  }

  private async carryOut(decision: KeeperDecision, sentAt: number): Promise<Outcome> {
    const { ports } = this;
    const { kind, because } = decision;
    switch (kind) {
      case 'extend':
        return this.extend(sentAt, because);
      case 'create':
        return this.attempt('created', because, async () => {
          const request = { environment: ports.environment, region: ports.region, epoch: decision.epoch, now: ports.wallClock() };
          const answer = await ports.store.create(request, AbortSignal.timeout(ports.lease.requestTimeout * 1000));
          if (answer.kind === 'refused') throw new Error(answer.because);
        });
      case 'adopt':
        return this.attempt('adopted', because, () => this.adopt(decision.epoch));
      case 'ask-peers':
      case 'let-pass':
        this.logChange('lease', `not renewed: ${because}`);
        return 'passing';
    }
  }

  private extend(sentAt: number, because: string): Outcome {
    const { deadline, lease, log } = this.ports;
    try {
      deadline.extendTo(deadlineFrom(sentAt, lease));
    } catch (error) {
      log('deadline not written', reasonOf(error));
      return 'passing';
    }
    this.logChange('lease', because);
    return 'extended';
  }

  private async attempt(what: string, because: string, act: () => Promise<void>): Promise<Outcome> {
    try {
      await act();
      this.ports.log(what, because);
      return 'again';
    } catch (error) {
      this.logChange(`not ${what}`, reasonOf(error));
      return 'passing';
    }
  }

  /** The region's etcd learns the epoch that the lease has: an order of a failover that was given up is refused from then on. */
  private async adopt(epoch: number): Promise<void> {
    const role = this.ports.role()?.role;
    if (role === undefined) throw new Error('etcd has not answered');
    const config = merged(role.config, { holdfast: { epoch } });
    if (!(await this.ports.replaceConfig(config, role.modRevision))) throw new Error('somebody else changed the configuration in the same moment');
  }
}
