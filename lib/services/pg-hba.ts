import { MAINTENANCE_ROLE } from '../topology/maintenance';
import type { Region } from '../topology/types';
import { BACKUP_ROLE } from './pgbackrest';
import { rolePair } from './rotation/roles';

/**
 * pg_hba.conf, one line each, first match wins. TLS and SCRAM for everyone who comes over the network: no line but the last ones, which reject, matches a
 * connection without TLS.
 */
export const pgHba = (region: Region): readonly string[] => {
  const { database, applicationRole } = region.postgres;
  // Pods have addresses of the VPC (and so have those of the lab's network).
  const pods = region.network.vpcCidr;
  // Two login roles for one purpose: while a password is changed, both are good.
  const [replicators, rewinders] = [rolePair('replicator').join(','), rolePair('rewind').join(',')];
  return [
    // Patroni itself and the tools in its container: the kernel says who is at the other end of the socket, no password is needed that could be stolen.
    `local all postgres peer map=${SUPERUSER_MAP}`,
    line('local', 'replication', replicators),
    // Backups, likewise.
    `local postgres ${BACKUP_ROLE} peer map=${BACKUP_MAP}`,
    // The same by the loopback address. A former primary asks its own server for its timeline before it rewinds: without this it can't come back.
    line('hostssl', 'all', 'postgres', '127.0.0.1/32'),
    line('hostssl', 'all', rewinders, '127.0.0.1/32'),
    line('hostssl', 'replication', replicators, '127.0.0.1/32'),
    // Members among themselves: streaming, base backups, pg_rewind.
    line('hostssl', 'replication', replicators, pods),
    line('hostssl', 'postgres', rewinders, pods),
    // The application, by the poolers.
    line('hostssl', quote(database), rolePair(applicationRole).map(quote).join(','), pods),
    // Maintenance, with a certificate of that name: there is no password that could leak or would have to change.
    `hostssl ${quote(database)} ${MAINTENANCE_ROLE} ${pods} cert`,
    'local all all reject',
    'host all all all reject',
    'host replication all all reject',
  ];
};

/** Name of the map in pg_ident.conf. */
const SUPERUSER_MAP = 'superuser';
const BACKUP_MAP = 'backup';

/** pg_ident.conf: who may be the superuser over the socket: the container's own user, and root of the node, who could become that user anyway. */
export const pgIdent = (): readonly string[] => [
  ...['postgres', 'root'].map((user) => `${SUPERUSER_MAP} ${user} postgres`),
  `${BACKUP_MAP} postgres ${BACKUP_ROLE}`,
];

const line = (type: 'local' | 'hostssl', database: string, role: string, address?: string): string =>
  [type, database, role, ...(address === undefined ? [] : [address]), 'scram-sha-256'].join(' ');

/** Quoted, a name that happens to be a keyword (`all`, `replication`) means just itself. */
const quote = (name: string): string => `"${name}"`;
