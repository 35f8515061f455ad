/** What the cache's budget counts on and nobody configures: constants of Redis and Valkey, and times measured in the lab. Seconds. */
import { span, type Span } from './constants';

export const CACHE_CONSTANTS = {
  clusterRound: span(0, 0.2, 'Redis Cluster constant: the cluster’s timer runs every 0.1 s'),
  failureAgreed: span(0, 0.5, 'Redis Cluster constant: a suspicion travels with the next ping, at the latest after half a node timeout of 1 s'),
  electionDelay: span(0.5, 1, 'Redis Cluster constant: a replica waits 0.5 s and up to 0.5 s more at random before it asks for votes'),
  election: span(0, 0.3, 'estimated from few runs: votes, promotion, the new owner told to everybody'),
  replicaFollows: span(0, 0.5, 'estimated from few runs: the other replica follows the new master, which then accepts writes'),
  clientFollows: span(0, 0.4, 'estimated from few runs: the client asks another node for the slots, and connects'),
  clientFollowsSilence: span(0, 1, 'estimated from few runs: the same when the connection to the old master hangs first'),
  undisturbed: span(0, 0.6, 'estimated from few runs: a write that was under way is answered late'),
  handover: span(0, 1, 'estimated from few runs: CLUSTER FAILOVER, from the pause of the old master to the first write on the new one'),
  takeover: span(0.2, 3, 'estimated from few runs: `holdfast cache takeover`, from the command to the new masters'),
  rejoin: span(
    0.5,
    5,
    'cache.nodeTimeout, at least 0.5 s and at most 5 s: so long a master that was without a majority waits for news (a Redis Cluster constant, rejoin_delay)',
  ),
} as const satisfies Readonly<Record<string, Span>>;

/** How long the drill redis-majority-lost waits before a person takes over. */
export const TAKEOVER_AFTER_SECONDS = 8;
/** How long the drill redis-memory-full leaves the memory full. */
export const MEMORY_FULL_SECONDS = 5;
