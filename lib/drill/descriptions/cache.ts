/** What the drills of the cache do. */
import { MEMORY_FULL_SECONDS, TAKEOVER_AFTER_SECONDS } from '../../topology/budget/constants-cache';
import type { CacheScenario } from '../../topology/scenarios';
import type { Environment } from '../../topology/types';
import type { ProcedureDescription, ProcedureDescriptions } from './procedure';

const STEADY = 'clients in every zone write to every shard, with WAIT and without, until all of them are served';
const RECOVER = 'heal, and wait until the cache is whole and every master is in its own zone again';
/** The keeper leads a master home after a calm of some seconds, and nodes come back before that. */
const HEALTHY_DEADLINE_SECONDS = 90;
const FAILOVER_PATIENCE_SECONDS = 30;

const unplanned = (
  description: Pick<ProcedureDescription, 'title' | 'scenario' | 'requirements'> & { readonly fault: readonly string[]; readonly longest?: number },
): ((environment: Environment) => ProcedureDescription) => {
  const { fault, longest = FAILOVER_PATIENCE_SECONDS, ...rest } = description;
  return () => ({
    ...rest,
    planned: false,
    procedure: [STEADY, ...fault, RECOVER],
    healthyDeadlineSeconds: HEALTHY_DEADLINE_SECONDS,
    longestFaultSeconds: longest,
  });
};

export const CACHE_DRILLS: ProcedureDescriptions<CacheScenario> = {
  'redis-master-dies': unplanned({
    title: 'every process on the node of a shard’s master is killed, connections reset',
    scenario: 'The other masters agree that it failed, the replica that is furthest ahead is elected, the other one follows it. The other shards go on.',
    requirements: ['CS-5', 'NR-4'],
    fault: ['kill every process on the node of one shard’s master', 'hold until that shard is written to again'],
  }),
  'redis-az-lost': unplanned({
    title: 'the whole AZ of a shard’s master goes dark: its link is cut, then everything in it is killed',
    scenario: 'A master and one replica of every other shard go at once, and nobody gets a reset. Two of three masters are a majority and elect a new one.',
    requirements: ['CS-5', 'PW-1'],
    fault: ['cut the links of all nodes in the AZ of one shard’s master and kill them', 'hold until that shard is written to again'],
  }),
  'redis-master-isolated': unplanned({
    title: 'the node of a shard’s master is cut off, with clients beside it that go on writing',
    scenario:
      'The isolated master refuses writes once it has lost the majority or its replicas. What WAIT confirmed is kept; what it accepted alone is lost, and counted.',
    requirements: ['CS-5', 'CS-2'],
    fault: ['cut the node of one shard’s master off, packets dropped', 'hold until that shard is written to again, and three seconds more'],
  }),
  'redis-majority-lost': unplanned({
    title: 'a majority of the masters is lost, and a person takes over by command',
    scenario:
      'Nobody can vote, so nothing happens by itself, and the master that is left stops as well: it can’t know that it is not the one that was cut off. `holdfast cache takeover` makes the best replica of each orphan its master.',
    requirements: ['CS-5', 'P3-3'],
    fault: [
      'refuse all traffic of a majority of the masters',
      'run `holdfast cache takeover`: it is refused until a person says that those masters are down',
      `${TAKEOVER_AFTER_SECONDS} s after the blow, run \`holdfast cache takeover --confirm-down\``,
      'hold until every shard is written to again',
    ],
    longest: FAILOVER_PATIENCE_SECONDS + TAKEOVER_AFTER_SECONDS,
  }),
  'redis-memory-full': unplanned({
    title: 'the memory of one master is full',
    scenario:
      'With `noeviction` writes that need memory are refused with OOM, reads go on, no session is evicted, the keeper complains before; writes go on as soon as somebody deletes.',
    requirements: ['NR-4', 'PW-3', 'P3-3'],
    fault: [
      'write sessions to one shard, then fill its master’s memory',
      `keep it full for ${MEMORY_FULL_SECONDS} s, reading all the while`,
      'remove what filled it with `holdfast cache clear-sessions`',
    ],
  }),
};
