/** Which stages each scenario of the database goes through. */
import type { DatabaseScenario } from '../scenarios';
import type { Region } from '../types';
import * as stage from './stages';
import type { Stage } from './stages';

type Stages = (region: Region) => readonly Stage[];

/** From a new leader to the first acknowledged write. `nodeGone`: connections to the old primary's node hang instead of being reset. */
const served = (region: Region, nodeGone: boolean): readonly Stage[] => [
  stage.promotion(),
  ...stage.synchronousStandby(region),
  stage.routing(region, nodeGone),
  stage.clientRetry(region, nodeGone),
];

type EtcdLeader = 'elsewhere' | 'lost-too';
/** The primary and its node are gone without a word: nobody takes over before the lease has ended. */
const nodeLost =
  (restApi: 'refuses' | 'silent', etcdLeader: EtcdLeader = 'elsewhere'): Stages =>
  (region) => [
    stage.leaseExpiry(region),
    ...(etcdLeader === 'lost-too' ? [stage.leaseRearmed(region, true)] : region.etcd.leaderAwayFromPrimary ? [] : [stage.leaseRearmed(region, false)]),
    ...(restApi === 'silent' ? [stage.silentMember()] : []),
    stage.leaderRace(),
    ...served(region, true),
  ];

/** PostgreSQL ended and its Patroni is alive: it gives the lock away at once. */
const crashed: Stages = (region) => [stage.crashNoticed(region), ...stage.startedInPlace(region), stage.leaderRace(), ...served(region, false)];

const handedOver: Stages = (region) => [stage.orderlyDemotion(), stage.leaderRace(), ...served(region, false)];

export const DATABASE_STAGES: Readonly<Record<DatabaseScenario, Stages>> = {
  'primary-node-dies': nodeLost('refuses'),
  'primary-node-dark': nodeLost('silent'),
  'az-lost': nodeLost('silent'),
  'primary-partitioned-drop': nodeLost('silent'),
  'primary-partitioned-reset': nodeLost('refuses'),
  'etcd-leader-lost-with-primary': nodeLost('refuses', 'lost-too'),
  'primary-node-frozen': (region) => [stage.nodeFrozen(), ...stage.synchronousStandby(region), stage.clientRetry(region, true)],
  'postgres-killed': crashed,
  'postgres-frozen': (region) => [stage.stoppedNoticed(region), ...crashed(region)],
  'disk-full': (region) => [stage.diskFull(), ...crashed(region)],
  'patroni-killed': (region) => [stage.undisturbed(), stage.clientRetry(region, false)],
  // PostgreSQL runs on while Patroni is frozen; the restarted Patroni confirms the synchronous standby in its first round.
  'patroni-frozen': (region) => [stage.undisturbed(), ...stage.synchronousStandby(region), stage.clientRetry(region, false)],
  switchover: handedOver,
  'node-drained': (region) => [stage.preStopHook(), ...handedOver(region)],
  'partial-partition': (region) => [...stage.standbysAway(region), ...stage.synchronousStandby(region), stage.clientRetry(region, false)],
  'etcd-member-lost': (region) => [stage.undisturbed(), stage.clientRetry(region, false)],
  'etcd-quorum-lost': (region) => [stage.failsafe(), stage.clientRetry(region, false)],
};
