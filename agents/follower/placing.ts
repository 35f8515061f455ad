import { MAX_READING_AGE_MS } from './decide';
import type { EtcdClient } from './etcd';
import { onChange, reasonOf, type Log } from './log';
import type { Metrics } from './metrics';
import { ATTEMPT_PAUSE_MS, decidePlacement, type Placement, type PlacementObservation } from './placement';
import type { State } from './state';

export interface PlacingPorts {
  readonly etcd: Pick<EtcdClient, 'members' | 'statuses' | 'transferLeadership'>;
  readonly state: State;
  readonly now: () => number;
  readonly log: Log;
  readonly metrics: Metrics;
  /** 0 to 1: every pooler's follower does this, and they should not all ask in the same instant. */
  readonly random: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  readonly stop: AbortSignal;
}

const JITTER_MS = 2_000;

/**
 * Keeps etcd's leader away from the primary. All followers do it, without electing one: they choose the same target, and etcd refuses a second transfer,
 * because it is asked of a member that does not lead any more.
 */
export const placingLoop = async (ports: PlacingPorts): Promise<void> => {
  const log = onChange(ports.log);
  let lastAttemptAt: number | undefined;
  const nextTurn = async (): Promise<boolean> => {
    await ports.sleep(ATTEMPT_PAUSE_MS + ports.random() * JITTER_MS);
    return !ports.stop.aborted;
  };
  while (await nextTurn()) {
    try {
      const decision = decidePlacement(await observe(ports, lastAttemptAt));
      if (decision.kind === 'hold') log('etcd leader stays', decision.because);
      else {
        lastAttemptAt = ports.now();
        await transfer(ports, decision);
      }
    } catch (error) {
      log('etcd leader not moved', reasonOf(error));
    }
  }
};

const observe = async ({ etcd, state, now }: PlacingPorts, lastAttemptAt: number | undefined): Promise<PlacementObservation> => {
  const [members, statuses] = await Promise.all([etcd.members(), etcd.statuses()]);
  const { reading, leaderSince } = state;
  const isFresh = reading !== undefined && reading.linearizable && now() - reading.at <= MAX_READING_AGE_MS;
  const leader = reading?.role === undefined ? reading?.leader : reading.local;
  const primary = isFresh && leader && leaderSince !== undefined ? { member: leader.member, since: leaderSince } : undefined;
  return { now: now(), primary, syncStandby: reading?.syncStandby, members, statuses, lastAttemptAt };
};

const transfer = async ({ etcd, log, metrics }: PlacingPorts, decision: Extract<Placement, { kind: 'transfer' }>): Promise<void> => {
  try {
    await etcd.transferLeadership(decision.via, decision.target.id);
    metrics.placementTransfers += 1;
    log('etcd leader moved', decision.because, { to: decision.target.name });
  } catch (error) {
    metrics.placementFailures += 1;
    log('etcd leader not moved', reasonOf(error), { to: decision.target.name });
  }
};
