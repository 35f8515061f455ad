/** What a region answers, and does, when it is asked by its door. Whatever is said here comes from a read of etcd that was begun after the question had arrived. */
import type { Agent } from 'node:https';
import type { DoorAnswer, DoorStatus } from '../../lib/failover/failover-ports';
import type { RegionSight } from '../../lib/failover/region-observation';
import { carryOutOrder, type RegionOrder } from '../../lib/failover/region-orders';
import { merged, NO_ROLE, roleOf, type OwnRole, type RegionStatus } from '../../lib/failover/region-role';
import { mayVouch, type Vouch } from '../../lib/failover/vouch';
import type { DoorConfig, RegionsConfig } from '../../lib/services/follower';
import type { Reading, RoleReading } from './decide';
import type { EtcdClient } from './etcd';
import { exchange } from './http';
import { reasonOf, type Log } from './log';
import { askMembers } from './region-members';

export interface DoorPorts {
  readonly regions: RegionsConfig;
  readonly door: DoorConfig;
  readonly etcd: Pick<EtcdClient, 'read' | 'replace'>;
  readonly patroniAgent: () => Agent;
  /** With a certificate: Patroni takes changes from nobody else. */
  readonly wakingAgent: () => Agent;
  readonly memberTimeoutMs: number;
  /** Monotonic, milliseconds. */
  readonly now: () => number;
  /** Milliseconds since the epoch. */
  readonly wallClock: () => number;
  readonly log: Log;
}

/** Patroni writes the same key now and then (a member that joins, a person): the order is judged anew by what stands there then. */
const ATTEMPTS = 5;

const roleIn = (reading: Reading): RoleReading => reading.role ?? { ...NO_ROLE, modRevision: 0, config: {} };
const plainRole = ({ initialized, follows, epoch, primary, promised, execution }: OwnRole): OwnRole => ({
  initialized,
  follows,
  epoch,
  primary,
  promised,
  execution,
});

/** A promise is between regions. */
const concernsPatroni = ({ kind }: RegionOrder): boolean => kind !== 'promise' && kind !== 'withdraw';

export class RegionDoor {
  private vouchedAt: number | null = null;

  constructor(private readonly ports: DoorPorts) {}

  /** @param status what the region says of itself without being asked for more */
  status(status: RegionStatus, streaming: boolean | null): DoorStatus {
    return { ...status, promised: status.promised ?? null, streaming, vouchedAt: this.vouchedAt };
  }

  /** @throws Error when etcd does not answer: no word is no vouching */
  async vouch(region: string, epoch: number): Promise<Vouch> {
    const { now, regions, etcd, wallClock } = this.ports;
    const arrivedAt = now();
    const { at, linearizable, ...reading } = await etcd.read();
    const role = reading.role ?? NO_ROLE;
    const vouch = mayVouch({ region, epoch, arrivedAt }, { self: regions.self, role, promised: role.promised ?? null, linearizable, begunAt: at });
    if (vouch.vouches) this.vouchedAt = wallClock();
    return vouch;
  }

  /** @throws Error when etcd does not answer */
  async members(): Promise<RegionSight> {
    const { etcd, patroniAgent, memberTimeoutMs, regions, door, wallClock } = this.ports;
    const reading = await etcd.read();
    const members = await askMembers(reading.members ?? [], patroniAgent(), memberTimeoutMs);
    return {
      name: regions.self,
      at: wallClock() / 1000,
      role: plainRole(roleIn(reading)),
      members,
      expectedMembers: door.expectedMembers,
      // A region does not know what is around it.
      outside: undefined,
    };
  }

  /**
   * One compare-and-swap of Patroni's dynamic configuration.
   * @throws Error when etcd does not answer: it is not known then whether the order was carried out, and it may be given again
   */
  async order(order: RegionOrder): Promise<DoorAnswer> {
    for (let attempt = 1; ; attempt++) {
      const answer = await this.tryOrder(order);
      if (answer !== undefined) return answer;
      if (attempt === ATTEMPTS) throw new Error(`somebody else changed the configuration ${ATTEMPTS} times in a row`);
    }
  }

  /**
   * Patroni looks at its configuration every `loop_wait` (10 s), and at once when its REST API is told of a change: here of one that is there already. Whatever the leader
   * answers, the order stands; unheard, it acts a little later.
   */
  private async wake({ leader }: Reading, epoch: number): Promise<void> {
    if (leader?.primaryUrl === undefined) return;
    const { wakingAgent, memberTimeoutMs, log } = this.ports;
    const url = new URL('/config', leader.primaryUrl).href;
    try {
      const { status } = await exchange({
        method: 'PATCH',
        url,
        body: JSON.stringify({ holdfast: { epoch } }),
        agent: wakingAgent(),
        timeoutMs: memberTimeoutMs,
      });
      if (status !== 200) log('leader not woken', `${leader.member} answered ${status}`);
    } catch (error) {
      log('leader not woken', reasonOf(error));
    }
  }

  /** @returns undefined when somebody else's change came between */
  private async tryOrder(order: RegionOrder): Promise<DoorAnswer | undefined> {
    const { regions, etcd, door, wallClock, log } = this.ports;
    const reading = await etcd.read();
    const own = roleIn(reading);
    const decision = carryOutOrder(
      {
        self: regions.self,
        own,
        now: wallClock(),
        primaryStartTimeout: door.primaryStartTimeoutSeconds,
        standbyCluster: (name) => regions.peers.find((peer) => peer.name === name)?.standbyCluster,
      },
      order,
    );
    const detail = JSON.stringify(order);
    if (decision.kind === 'refused') {
      log(`order ${order.kind}`, `refused: ${decision.because}`, { detail });
      return { kind: 'refused', because: decision.because, role: plainRole(own) };
    }
    if (decision.kind === 'done') {
      if (concernsPatroni(order)) await this.wake(reading, own.epoch);
      return { kind: 'done', role: plainRole(own) };
    }
    const after = merged(own.config, decision.patch);
    if (!(await etcd.replace(regions.configKey, JSON.stringify(after), own.modRevision))) return undefined;
    log(`order ${order.kind}`, 'carried out', { detail });
    const role = plainRole(roleOf(after));
    if (concernsPatroni(order)) await this.wake(reading, role.epoch);
    return { kind: 'done', role };
  }
}
