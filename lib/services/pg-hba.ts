import type { Region } from '../topology/types';

/**
 * pg_hba.conf, one line each, first match wins. TLS and SCRAM for everyone who comes over the network: no line but the last ones, which reject, matches a
 * connection without TLS.
 */
export const pgHba = (region: Region): readonly string[] => {
  const { database, applicationRole } = region.postgres;
  // Pods have addresses of the VPC (and so have those of the lab's network).
  const pods = region.network.vpcCidr;
  return [
    // Patroni itself and the tools in its container.
    line('local', 'all', 'postgres'),
    line('local', 'replication', 'replicator'),
    // The same by the loopback address. A former primary asks its own server for its timeline before it rewinds: without this it can't come back.
    line('hostssl', 'all', 'postgres', '127.0.0.1/32'),
    line('hostssl', 'all', 'rewind', '127.0.0.1/32'),
    line('hostssl', 'replication', 'replicator', '127.0.0.1/32'),
    // Members among themselves: streaming, base backups, pg_rewind.
    line('hostssl', 'replication', 'replicator', pods),
    line('hostssl', 'postgres', 'rewind', pods),
    // The application, by the poolers.
    line('hostssl', quote(database), quote(applicationRole), pods),
    'local all all reject',
    'host all all all reject',
    'host replication all all reject',
  ];
};

const line = (type: 'local' | 'hostssl', database: string, role: string, address?: string): string =>
  [type, database, role, ...(address === undefined ? [] : [address]), 'scram-sha-256'].join(' ');

/** Quoted, a name that happens to be a keyword (`all`, `replication`) means just itself. */
const quote = (name: string): string => `"${name}"`;
