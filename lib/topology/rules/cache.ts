import { crowdedShards, SHARDS, zoneLosses } from '../cache-placement';
import { majority } from '../derive';
import { CACHE_SCENARIOS } from '../scenarios';
import type { Cache, Environment } from '../types';
import { rule, when, type Finding, type Rule } from './rule';

/** A rule about the cache, of environments that have one. */
const cacheRule = (name: string, title: string, check: (cache: Cache, environment: Environment) => readonly Finding[]): Rule =>
  rule(name, title, (environment) => (environment.cache === null ? [] : check(environment.cache, environment)));

/** With values that make no placement at all, only `cache-has-a-majority` speaks. */
const placeable = ({ shards }: Cache): boolean => shards >= 1 && shards <= SHARDS.most;

export const cacheHasAMajority: Rule = cacheRule(
  'cache-has-a-majority',
  'The cache has 3 to 300 shards: a failover needs the votes of a majority of the masters, and fewer than 3 have none left after a loss.',
  ({ shards }) =>
    when(shards < SHARDS.least || shards > SHARDS.most, () => ({
      path: 'cache.shards',
      given: String(shards),
      allowed: `${SHARDS.least} to ${SHARDS.most}`,
      fix: 'use 3, one per AZ',
    })),
);

export const cacheSurvivesAZoneLoss: Rule = cacheRule(
  'cache-survives-a-zone-loss',
  'Losing any one AZ leaves a majority of the masters and at least one copy of every shard.',
  (cache, { regions }) =>
    placeable(cache)
      ? regions.flatMap(({ name, zones }) =>
          when(
            zoneLosses(cache, zones).some((loss) => !loss.majorityLeft || loss.shardsLost.length > 0),
            () => {
              const worst = zoneLosses(cache, zones).reduce((a, b) => (b.mastersLeft < a.mastersLeft ? b : a));
              return {
                path: 'cache.shards',
                given: `${cache.shards} shards over ${zones.length} AZs of ${name}: losing ${worst.zone} leaves ${worst.mastersLeft} masters of the ${majority(cache.shards)} that a majority needs${worst.shardsLost.length === 0 ? '' : ` and no copy of shard ${worst.shardsLost.join(', ')}`}`,
                allowed: 'a majority of masters and a copy of every shard after the loss of any one AZ',
                fix: `use ${zones.length} shards, one per AZ, or a multiple of ${zones.length}`,
              };
            },
          ),
        )
      : [],
);

export const cacheCopiesAreApart: Rule = cacheRule('cache-copies-are-apart', 'No AZ holds two copies of the same shard.', (cache, { regions }) =>
  placeable(cache)
    ? regions.flatMap(({ name, zones }) =>
        when(crowdedShards(cache, zones).length > 0, () => ({
          path: 'cache.replicasPerMaster',
          given: `${cache.replicasPerMaster} replicas and a master over ${zones.length} AZs of ${name}`,
          allowed: 'as many AZs as copies of a shard',
          fix: `use ${Math.max(1, zones.length - 1)}, or more AZs`,
        })),
      )
    : [],
);

export const cacheStaysWritable: Rule = cacheRule(
  'cache-stays-writable',
  'A master asks for fewer replicas in step than a shard has left after the loss of an AZ: otherwise the shard would refuse writes until the AZ returns.',
  ({ minReplicasToWrite, replicasPerMaster }) =>
    when(minReplicasToWrite > replicasPerMaster - 1, () => ({
      path: 'cache.minReplicasToWrite',
      given: `${minReplicasToWrite} with ${replicasPerMaster} replica${replicasPerMaster === 1 ? '' : 's'} per master, of which a shard that lost its master has ${replicasPerMaster - 1} left`,
      allowed: `0 to ${replicasPerMaster - 1}`,
      fix: replicasPerMaster === 1 ? 'use 0, or replicasPerMaster 2' : `use ${replicasPerMaster - 1}`,
    })),
);

export const zeroLossNeedsTwoReplicas: Rule = cacheRule(
  'cache-zero-loss-needs-two-replicas',
  'An RPO of 0 for writes that WAIT confirmed is promised only with two replicas per master and at least one of them in step: with one, either WAIT or the shard stops after a failover.',
  ({ replicasPerMaster, minReplicasToWrite }, { objectives }) => {
    const promised = CACHE_SCENARIOS.filter((scenario) => objectives[scenario].rpo === 0);
    if (promised.length === 0) return [];
    const promise = promised.length === CACHE_SCENARIOS.length ? 'every scenario of the cache' : promised.join(', ');
    return [
      ...when(replicasPerMaster < 2, () => ({
        path: 'cache.replicasPerMaster',
        given: `${replicasPerMaster} with an RPO of 0 for ${promise}`,
        allowed: '2, or an RPO > 0 in every scenario of the cache',
        fix: 'use 2, or say in objectives.<scenario>.rpo how many seconds of confirmed writes may be lost',
      })),
      ...when(minReplicasToWrite < 1 && replicasPerMaster >= 2, () => ({
        path: 'cache.minReplicasToWrite',
        given: `${minReplicasToWrite} with an RPO of 0 for ${promise}`,
        allowed: '1',
        fix: 'use 1: a master that is cut off stops accepting writes',
      })),
    ];
  },
);

const wholeMilliseconds = (seconds: number): boolean => Math.abs(seconds * 1000 - Math.round(seconds * 1000)) < 1e-6;

export const cacheTimeouts: Rule = cacheRule(
  'cache-timeouts',
  'The node timeout is 1 s to 15 s in whole milliseconds; the replicas’ lag is counted in whole seconds, at least 1; the keeper looks more often than every 10 s.',
  ({ nodeTimeout, minReplicasMaxLag, keeper }) => [
    ...when(nodeTimeout < 1 || nodeTimeout > 15 || !wholeMilliseconds(nodeTimeout), () => ({
      path: 'cache.nodeTimeout',
      given: `${nodeTimeout} s`,
      allowed: '1 s to 15 s',
      fix: 'use seconds(1): less makes a busy node look dead, more makes every failover longer',
    })),
    ...when(minReplicasMaxLag < 1 || !Number.isInteger(minReplicasMaxLag), () => ({
      path: 'cache.minReplicasMaxLag',
      given: `${minReplicasMaxLag} s`,
      allowed: 'whole seconds >= 1: replicas report once a second',
      fix: 'use seconds(2)',
    })),
    ...(['checkInterval', 'requestTimeout'] as const).flatMap((field) =>
      when(keeper[field] <= 0 || keeper[field] > 10, () => ({
        path: `cache.keeper.${field}`,
        given: `${keeper[field]} s`,
        allowed: '> 0 s, at most 10 s',
        fix: 'use seconds(1)',
      })),
    ),
  ],
);

export const cacheMemoryFits: Rule = cacheRule(
  'cache-memory-fits',
  'Data takes at most two thirds of a node’s memory, and the volume holds the append-only file three times; the alert comes before the memory is full.',
  ({ maxMemory, resources, storage, memoryAlertPercent }) => [
    ...when(maxMemory * 3 > resources.memory * 2, () => ({
      path: 'cache.maxMemory',
      given: `${maxMemory} MiB of ${resources.memory} MiB`,
      allowed: `at most ${Math.floor((resources.memory * 2) / 3)} MiB`,
      fix: `use mebibytes(${Math.floor((resources.memory * 2) / 3)}), or resources.memory ${Math.ceil(maxMemory * 1.5)} MiB`,
    })),
    ...when(storage * 1024 < maxMemory * 3, () => ({
      path: 'cache.storage',
      given: `${storage} GiB for ${maxMemory} MiB of data`,
      allowed: `at least ${Math.ceil((maxMemory * 3) / 1024)} GiB`,
      fix: `use gibibytes(${Math.ceil((maxMemory * 3) / 1024)})`,
    })),
    ...when(memoryAlertPercent < 1 || memoryAlertPercent > 99, () => ({
      path: 'cache.memoryAlertPercent',
      given: String(memoryAlertPercent),
      allowed: '1 to 99',
      fix: 'use 90',
    })),
  ],
);

export const cacheLimitsCoverRequests: Rule = cacheRule(
  'cache-limits-cover-requests',
  'The CPU limit of the cache’s containers is not below their request: Kubernetes refuses such a pod.',
  (cache) =>
    [
      { at: 'cache.resources', ...cache.resources },
      { at: 'cache.keeper.resources', ...cache.keeper.resources },
    ].flatMap(({ at, cpu, cpuLimit }) =>
      when(cpuLimit < cpu, () => ({
        path: `${at}.cpuLimit`,
        given: `${cpuLimit}m with a request of ${cpu}m`,
        allowed: '>= cpu',
        fix: `use millicores(${cpu}) or more`,
      })),
    ),
);

/** In the order in which violations are reported. */
export const CACHE_RULES: readonly Rule[] = [
  cacheHasAMajority,
  cacheSurvivesAZoneLoss,
  cacheCopiesAreApart,
  cacheStaysWritable,
  zeroLossNeedsTwoReplicas,
  cacheTimeouts,
  cacheMemoryFits,
  cacheLimitsCoverRequests,
];
