import { poolerCount } from '../derive';
import { regionRule, when, type Rule } from './rule';

/** Connections of a primary that no pooler may take. Replication is not among them: `max_wal_senders` is counted apart since PostgreSQL 12. */
export const RESERVED_CONNECTIONS = {
  /** `superuser_reserved_connections`, PostgreSQL's default: an operator can always get in. */
  superuser: 3,
  /** Patroni's HA loop, its REST API and a switchover's checkpoint. */
  patroni: 3,
  /** A member that rewinds after a failover. */
  rewind: 2,
  /** Probes, metrics and a session of an operator. */
  operations: 4,
} as const;
export const RESERVED_TOTAL = Object.values(RESERVED_CONNECTIONS).reduce((sum, n) => sum + n, 0);

/** During a rollout a new pooler starts before an old one ends. */
export const ROLLOUT_SURGE = 1;

export const poolsFitConnections: Rule = regionRule(
  'pools-fit-max-connections',
  'The server connections of all PgBouncers, one more during a rollout, and those kept for Patroni, rewinding, probes and operators fit PostgreSQL’s max_connections.',
  (region, at) => {
    const poolers = poolerCount(region) + ROLLOUT_SURGE;
    const needed = poolers * region.pooler.poolSize + RESERVED_TOTAL;
    return when(needed > region.postgres.maxConnections, () => ({
      path: at('pooler.poolSize'),
      given: `${poolers} poolers (one of them during a rollout) x ${region.pooler.poolSize} + ${RESERVED_TOTAL} reserved = ${needed} connections`,
      allowed: `<= postgres.maxConnections, ${region.postgres.maxConnections}`,
      fix: `use a poolSize of at most ${Math.max(0, Math.floor((region.postgres.maxConnections - RESERVED_TOTAL) / Math.max(1, poolers)))}, or maxConnections of at least ${needed}`,
    }));
  },
);

export const poolersServeClients: Rule = regionRule(
  'poolers-serve-clients',
  'There is a pooler in each AZ with at least one server connection, and it takes at least as many clients as it has server connections.',
  (region, at) => [
    ...(['replicasPerAz', 'poolSize'] as const).flatMap((key) =>
      when(region.pooler[key] < 1, () => ({ path: at(`pooler.${key}`), given: String(region.pooler[key]), allowed: '>= 1', fix: 'use at least 1' })),
    ),
    ...when(region.pooler.maxClientConnections < region.pooler.poolSize, () => ({
      path: at('pooler.maxClientConnections'),
      given: `${region.pooler.maxClientConnections} with a poolSize of ${region.pooler.poolSize}`,
      allowed: '>= poolSize',
      fix: `use at least ${region.pooler.poolSize}`,
    })),
  ],
);
