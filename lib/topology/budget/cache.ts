/** Which stages each scenario of the cache goes through. */
import type { CacheScenario } from '../scenarios';
import type { Cache, Environment } from '../types';
import type { Span } from './constants';
import { CACHE_CONSTANTS, MEMORY_FULL_SECONDS, TAKEOVER_AFTER_SECONDS } from './constants-cache';
import type { FamilyLosses, FamilyStages } from './family';
import type { Stage } from './stages';

/** The least that the rules allow. */
const NODE_TIMEOUT_FLOOR = 1;

const constant = (name: string, { lower, upper, source }: Span): Stage => ({ name, lower, upper, source, settings: [], savable: 0 });

/** Every node is pinged at least once in half a node timeout; one that owes an answer for a whole node timeout is suspected. */
const suspected = ({ nodeTimeout }: Cache): Stage => ({
  name: 'master suspected',
  lower: nodeTimeout,
  upper: nodeTimeout * 1.5 + CACHE_CONSTANTS.clusterRound.upper,
  source: `cache.nodeTimeout; ${CACHE_CONSTANTS.clusterRound.source}`,
  settings: ['cache.nodeTimeout'],
  savable: Math.max(0, (nodeTimeout - NODE_TIMEOUT_FLOOR) * 1.5),
});

/** The others' suspicions arrive with their next pings. */
const agreed = ({ nodeTimeout }: Cache): Stage => ({
  name: 'failure agreed',
  lower: CACHE_CONSTANTS.failureAgreed.lower,
  upper: Math.max(CACHE_CONSTANTS.failureAgreed.upper, nodeTimeout / 2),
  source: `cache.nodeTimeout; ${CACHE_CONSTANTS.failureAgreed.source}`,
  settings: ['cache.nodeTimeout'],
  savable: Math.max(0, (nodeTimeout - NODE_TIMEOUT_FLOOR) / 2),
});

const inStep = ({ minReplicasToWrite }: Cache): readonly Stage[] =>
  minReplicasToWrite > 0 ? [constant('a replica in step', CACHE_CONSTANTS.replicaFollows)] : [];

const failover =
  (client: Span) =>
  ({ cache }: Environment): readonly Stage[] =>
    cache === null
      ? []
      : [
          suspected(cache),
          agreed(cache),
          constant('election delay', CACHE_CONSTANTS.electionDelay),
          constant('election', CACHE_CONSTANTS.election),
          ...inStep(cache),
          constant('client follows', client),
        ];

/** A master that saw no majority waits a node timeout after it sees one again before it accepts anything: `rejoin_delay` in the programs. */
const rejoined = ({ nodeTimeout }: Cache): Stage => {
  const { lower, upper, source } = CACHE_CONSTANTS.rejoin;
  const delay = Math.min(upper, Math.max(lower, nodeTimeout));
  return { name: 'masters accept again', lower: delay, upper: delay + CACHE_CONSTANTS.clusterRound.upper, source, settings: ['cache.nodeTimeout'], savable: 0 };
};

const takenOver = ({ cache }: Environment): readonly Stage[] =>
  cache === null
    ? []
    : [
        {
          name: 'nobody can vote',
          lower: TAKEOVER_AFTER_SECONDS,
          upper: TAKEOVER_AFTER_SECONDS + 1,
          source: `the drill: a person decides after ${TAKEOVER_AFTER_SECONDS} s`,
          settings: [],
          savable: 0,
        },
        constant('takeover', CACHE_CONSTANTS.takeover),
        rejoined(cache),
        ...inStep(cache),
        constant('client follows', CACHE_CONSTANTS.clientFollowsSilence),
      ];

const refusedUntilFreed = (): readonly Stage[] => [
  {
    name: 'memory full',
    lower: MEMORY_FULL_SECONDS,
    upper: MEMORY_FULL_SECONDS + 3,
    source: `the drill: ${MEMORY_FULL_SECONDS} s until somebody deletes, and the time to fill and to delete`,
    settings: [],
    savable: 0,
  },
  constant('writes go on', CACHE_CONSTANTS.undisturbed),
];

export const CACHE_STAGES: FamilyStages<CacheScenario> = {
  'redis-master-dies': failover(CACHE_CONSTANTS.clientFollows),
  'redis-az-lost': failover(CACHE_CONSTANTS.clientFollowsSilence),
  'redis-master-isolated': failover(CACHE_CONSTANTS.clientFollowsSilence),
  'redis-majority-lost': takenOver,
  'redis-memory-full': refusedUntilFreed,
};

const confirmed = ({ cache }: Environment) =>
  cache !== null && cache.replicasPerMaster === 2
    ? { seconds: 0, because: 'of writes that WAIT 1 confirmed: a second copy has them, and the replica that is furthest ahead is elected first' }
    : { seconds: null, because: 'with one replica per master nobody can confirm a write after a failover' };

export const CACHE_LOSSES: FamilyLosses<CacheScenario> = {
  'redis-master-dies': confirmed,
  'redis-az-lost': confirmed,
  'redis-master-isolated': confirmed,
  'redis-majority-lost': confirmed,
  'redis-memory-full': confirmed,
};
