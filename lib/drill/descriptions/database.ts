import { NODE_FREEZE_SECONDS, WITHOUT_STANDBYS_SECONDS } from '../../topology/budget';
import type { DatabaseScenario } from '../../topology/scenarios';
import type { Region } from '../../topology/types';
import type { Fault, Step } from '../faults';
import type { StepsDescription } from './description';

/** A failover that has not happened so long after the lease has run out does not happen any more. */
const FAILOVER_PATIENCE_SECONDS = 40;

const ONE = { min: 1, max: 1 };
const NONE = { min: 0, max: 0 };
const AT_MOST_ONE = { min: 0, max: 1 };

const inject = (fault: Fault): Step => ({ kind: 'inject', fault });
const hold = (seconds: number): Step => ({ kind: 'hold', until: { for: 'seconds', seconds } });
const untilFailover = (region: Region): Step => ({
  kind: 'hold',
  until: { for: 'failover', atMostSeconds: region.postgres.patroni.ttl + FAILOVER_PATIENCE_SECONDS },
});
const untilService = (region: Region): Step => ({
  kind: 'hold',
  until: { for: 'service', atMostSeconds: region.postgres.patroni.ttl + FAILOVER_PATIENCE_SECONDS },
});
const HEAL: Step = { kind: 'heal' };

/** The lease was renewed at most one loop before the node stopped, so that much of it is left: enough for the node to wake up as leader? */
const outlivesFreeze = (region: Region): boolean => region.postgres.patroni.ttl - region.postgres.patroni.loopWait > NODE_FREEZE_SECONDS;

type Describe = (region: Region) => StepsDescription;

const NODE_FAULTS = {
  'primary-node-dies': (region) => ({
    title: "every process on the primary's node is killed, connections reset",
    scenario:
      'The leader lease runs out, a synchronous standby takes the lock and is promoted, the poolers follow it. The node comes back as a standby by itself.',
    requirements: ['CS-1', 'PW-2'],
    planned: false,
    steps: [inject({ kind: 'kill-node', target: 'primary', wire: 'reset' }), untilFailover(region), HEAL],
    excludes: 'primary-node',
    leaderChanges: ONE,
  }),
  'primary-node-dark': (region) => ({
    title: "the same with the node's link cut first: nobody gets a reset",
    scenario: 'As when the node dies, but every peer has to find out by its own timeouts, the leader race included.',
    requirements: ['CS-1'],
    planned: false,
    steps: [inject({ kind: 'kill-node', target: 'primary', wire: 'cut-first' }), untilFailover(region), HEAL],
    excludes: 'primary-node',
    leaderChanges: ONE,
  }),
  'primary-node-frozen': (region) => ({
    title: `the primary's whole node stops for ${NODE_FREEZE_SECONDS} s and wakes`,
    scenario: outlivesFreeze(region)
      ? 'The lease outlives the freeze: writes wait, the node wakes up as leader and goes on; nobody is promoted meanwhile.'
      : 'The lease runs out during the freeze: a standby is promoted, and the node that wakes must not acknowledge anything any more.',
    requirements: ['CS-2'],
    planned: false,
    steps: [inject({ kind: 'freeze-node', target: 'primary' }), hold(NODE_FREEZE_SECONDS), HEAL],
    excludes: 'primary-node',
    leaderChanges: outlivesFreeze(region) ? NONE : AT_MOST_ONE,
  }),
  'az-lost': (region) => ({
    title: "all nodes of the primary's availability zone are killed",
    scenario: 'Database member, etcd member and pooler of a zone go at once; the other two zones keep the quorum and take over.',
    requirements: ['CS-1', 'PW-1'],
    planned: false,
    steps: [inject({ kind: 'kill-zone', zoneOf: 'primary' }), untilFailover(region), HEAL],
    excludes: 'primary-zone',
    leaderChanges: ONE,
  }),
} satisfies Partial<Record<DatabaseScenario, Describe>>;

const PROCESS_FAULTS = {
  'postgres-killed': (region) => ({
    title: 'PostgreSQL on the primary is killed',
    scenario: 'Patroni sees its PostgreSQL gone, gives up the lock at once, and a standby is promoted without waiting for the lease.',
    requirements: ['CS-1'],
    planned: false,
    steps: [inject({ kind: 'kill-process', process: 'postgres', target: 'primary' }), untilService(region), HEAL],
    excludes: 'nobody',
    leaderChanges: AT_MOST_ONE,
  }),
  'patroni-killed': () => ({
    title: 'Patroni on the primary is killed',
    scenario: 'PostgreSQL goes on serving; Patroni is started again before its lease runs out and keeps the lock.',
    requirements: ['CS-1'],
    planned: false,
    steps: [inject({ kind: 'kill-process', process: 'patroni', target: 'primary' }), hold(6), HEAL],
    excludes: 'nobody',
    leaderChanges: NONE,
  }),
  'patroni-frozen': (region) => ({
    title: 'Patroni on the primary is frozen',
    scenario: 'Its supervisor finds that it does not answer, kills it and starts it again before the lease runs out.',
    requirements: ['CS-1'],
    planned: false,
    steps: [inject({ kind: 'freeze-process', process: 'patroni', target: 'primary' }), hold(region.postgres.patroni.ttl + 5), HEAL],
    excludes: 'nobody',
    leaderChanges: NONE,
  }),
  'postgres-frozen': (region) => ({
    title: 'PostgreSQL on the primary is frozen',
    scenario: 'The process exists and answers nobody: Patroni has to give it up, and a standby is promoted.',
    requirements: ['CS-1'],
    planned: false,
    steps: [inject({ kind: 'freeze-process', process: 'postgres', target: 'primary' }), untilService(region), HEAL],
    excludes: 'nobody',
    leaderChanges: AT_MOST_ONE,
  }),
  'disk-full': (region) => ({
    title: "the primary's data volume is full",
    scenario:
      'The primary can only refuse writes from now on: its supervisor finds the volume full and hands over to a standby with room. Freed, the member comes back.',
    requirements: ['CS-1'],
    planned: false,
    steps: [inject({ kind: 'fill-disk', target: 'primary' }), untilFailover(region), HEAL],
    excludes: 'nobody',
    leaderChanges: ONE,
  }),
} satisfies Partial<Record<DatabaseScenario, Describe>>;

const PLANNED_WORK = {
  switchover: () => ({
    title: 'the primary hands over by command',
    scenario: 'The primary checkpoints, stops and hands the lock to a standby that has everything; clients wait in their pooler.',
    requirements: ['CS-1', 'CS-3'],
    planned: true,
    steps: [inject({ kind: 'switchover' }), hold(6), HEAL],
    excludes: 'nobody',
    leaderChanges: ONE,
  }),
  'node-drained': () => ({
    title: "the primary's node is drained",
    scenario: "The primary's pod hands over before it stops; pods with a disruption budget leave one at a time; uncordoned, everything returns.",
    requirements: ['CS-1', 'CS-3'],
    planned: true,
    steps: [inject({ kind: 'drain-node', target: 'primary' }), hold(15), HEAL],
    excludes: 'nobody',
    leaderChanges: ONE,
  }),
} satisfies Partial<Record<DatabaseScenario, Describe>>;

const PARTITIONS = {
  'primary-partitioned-drop': (region) => ({
    title: "the primary's node is cut off, packets dropped",
    scenario: 'The isolated primary can acknowledge nothing, demotes itself when it cannot renew its lease, and only then is another one promoted.',
    requirements: ['CS-2'],
    planned: false,
    steps: [inject({ kind: 'partition-node', target: 'primary', packets: 'drop' }), untilFailover(region), HEAL],
    excludes: 'primary-node',
    leaderChanges: ONE,
  }),
  'primary-partitioned-reset': (region) => ({
    title: "the primary's node is cut off, packets rejected",
    scenario: 'As with dropped packets, but everybody knows at once that nobody is there.',
    requirements: ['CS-2'],
    planned: false,
    steps: [inject({ kind: 'partition-node', target: 'primary', packets: 'reset' }), untilFailover(region), HEAL],
    excludes: 'primary-node',
    leaderChanges: ONE,
  }),
  'partial-partition': (region) => ({
    title: 'the primary reaches etcd but not the standbys, and then the reverse',
    scenario:
      'Without its standbys the primary acknowledges nothing until they are back; without etcd it stays primary, because all members confirm it (failsafe).',
    requirements: ['CS-2', 'PW-9'],
    planned: false,
    steps: [
      inject({ kind: 'cut-links', target: 'primary', peers: 'standbys', packets: 'drop' }),
      hold(WITHOUT_STANDBYS_SECONDS),
      HEAL,
      hold(10),
      inject({ kind: 'cut-links', target: 'primary', peers: 'etcd', packets: 'drop' }),
      hold(region.postgres.patroni.ttl + 10),
      HEAL,
    ],
    excludes: 'nobody',
    leaderChanges: AT_MOST_ONE,
  }),
} satisfies Partial<Record<DatabaseScenario, Describe>>;

const ETCD_FAULTS = {
  'etcd-member-lost': (region) => ({
    title: 'one etcd member is lost',
    scenario: 'The quorum holds; nobody notices.',
    requirements: ['CS-2'],
    planned: false,
    steps: [inject({ kind: 'stop-etcd', members: 'follower' }), hold(region.postgres.patroni.ttl + 10), HEAL],
    excludes: 'nobody',
    leaderChanges: NONE,
  }),
  'etcd-quorum-lost': () => ({
    title: 'etcd loses its quorum for 60 s',
    scenario: 'No lease can be renewed and nobody can be elected: the primary goes on serving, because all members confirm it (failsafe).',
    requirements: ['CS-2'],
    planned: false,
    steps: [inject({ kind: 'stop-etcd', members: 'majority' }), hold(60), HEAL],
    excludes: 'nobody',
    leaderChanges: NONE,
  }),
  'etcd-leader-lost-with-primary': (region) => ({
    title: "etcd's leader dies together with the primary, on the same node",
    scenario: "The worst placement: electing a new etcd leader re-arms the primary's lease in full before it can run out.",
    requirements: ['CS-2'],
    planned: false,
    steps: [
      { kind: 'prepare', fault: { kind: 'place-etcd-leader', on: 'primary' } },
      inject({ kind: 'kill-node', target: 'primary', wire: 'reset' }),
      untilFailover(region),
      HEAL,
    ],
    excludes: 'primary-node',
    leaderChanges: ONE,
  }),
} satisfies Partial<Record<DatabaseScenario, Describe>>;

/** The database's drills, described for a region: durations follow from its timings. */
export const DATABASE_DRILLS: Readonly<Record<DatabaseScenario, Describe>> = {
  ...NODE_FAULTS,
  ...PROCESS_FAULTS,
  ...PLANNED_WORK,
  ...PARTITIONS,
  ...ETCD_FAULTS,
};
