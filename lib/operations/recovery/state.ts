/** How far one tier is, from what was seen. */
import type { Region } from '../../topology/types';
import type { DatabaseSeen, MachineSeen, PodSeen, RegionSeen } from './observation';
import type { Tier } from './tiers';

export interface TierState {
  /** The next tier may start. */
  readonly enough: boolean;
  /** Nothing is missing. */
  readonly whole: boolean;
  /** What is missing, for people. */
  readonly missing: readonly string[];
}

const stateOf = (missing: readonly string[], enough: boolean): TierState => ({ enough, whole: missing.length === 0, missing });

export const readyMachines = (seen: RegionSeen): readonly MachineSeen[] => seen.machines.filter(({ state }) => state === 'ready');

/** A pod on a machine that is not ready says what was true before. */
export const readyPods = (tier: Tier, seen: RegionSeen): readonly PodSeen[] => {
  const machines = new Set(readyMachines(seen).map(({ name }) => name));
  return (seen.workloads[tier.id]?.pods ?? []).filter((pod) => pod.ready && !pod.leaving && pod.machine !== null && machines.has(pod.machine));
};

const machinesState = (tier: Tier, seen: RegionSeen): TierState => {
  const ready = readyMachines(seen).length;
  const others = seen.machines.filter(({ state }) => state !== 'ready').map(({ name, state }) => `${name} is ${state}`);
  return stateOf(ready >= tier.members ? [] : [`${ready} of ${tier.members} machines ready`, ...others], ready >= tier.enough);
};

const podsState = (tier: Tier, seen: RegionSeen): TierState => {
  const ready = readyPods(tier, seen).length;
  const pods = seen.workloads[tier.id]?.pods ?? [];
  const troubled = pods.filter((pod) => pod.backingOff).map((pod) => `${pod.name} keeps ending`);
  return stateOf(ready >= tier.members ? [] : [`${tier.id}: ${ready} of ${tier.members} pods ready`, ...troubled], ready >= tier.enough);
};

const leaderComplaints = ({ leaders }: DatabaseSeen): readonly string[] => {
  if (leaders.length === 1) return [];
  return [leaders.length === 0 ? 'no member leads' : `${leaders.length} members lead: ${leaders.join(', ')}`];
};

const primaryState = ({ database }: RegionSeen): TierState => {
  const missing = database === null ? ['no PostgreSQL member answers'] : leaderComplaints(database);
  return stateOf(missing, missing.length === 0);
};

const standbysState = (tier: Tier, region: Region, { database }: RegionSeen): TierState => {
  if (database === null) return stateOf(['no PostgreSQL member answers'], false);
  const standbys = tier.members - 1;
  const strict = region.postgres.synchronousMode === 'strict' && standbys > 0;
  const essential = [
    ...leaderComplaints(database),
    ...(strict && database.synchronous.length === 0 ? ['no synchronous standby'] : []),
    ...(database.commits === false ? ['the primary acknowledges no transaction'] : []),
    ...(database.commits === null ? ['no transaction was tried'] : []),
  ];
  const behind = database.streaming.length >= standbys ? [] : [`${database.streaming.length} of ${standbys} standbys stream`];
  return stateOf([...essential, ...behind], essential.length === 0);
};

export const tierState = (tier: Tier, region: Region, seen: RegionSeen): TierState => {
  switch (tier.kind) {
    case 'machines':
      return machinesState(tier, seen);
    case 'database-primary':
      return primaryState(seen);
    case 'database-standbys':
      return standbysState(tier, region, seen);
    default:
      return podsState(tier, seen);
  }
};
