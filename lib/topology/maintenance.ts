/** What follows from the maintenance that an environment asks for: its tasks, and their names. */
import type { Cadence, Maintenance, RetentionPolicy } from './types';

export interface QualifiedTable {
  readonly schema: string;
  readonly name: string;
}

/** A table without a schema is in `public`. */
export const qualified = (table: string): QualifiedTable => {
  const [first = '', second] = table.split('.');
  return second === undefined ? { schema: 'public', name: first } : { schema: first, name: second };
};

export const sameTable = (a: string, b: string): boolean => {
  const [x, y] = [qualified(a), qualified(b)];
  return x.schema === y.schema && x.name === y.name;
};

/** What PostgreSQL takes without quotes and nobody mistakes for something of its own. */
export const TABLE_NAME = /^(?!pg_|information_schema\.)[a-z_][a-z0-9_]{0,62}(?:\.(?!pg_)[a-z_][a-z0-9_]{0,62})?$/;
export const COLUMN_NAME = /^[a-z_][a-z0-9_]{0,62}$/;

export const VACUUM_TASK = 'vacuum';

/** `purge-used-nonces`, `archive-receipts`. */
export const retentionTaskName = ({ table, archiveTo }: RetentionPolicy): string =>
  `${archiveTo === null ? 'purge' : 'archive'}-${table.replace(/^public\./, '').replace(/[._]/g, '-')}`;

export type MaintenanceTask =
  | { readonly name: string; readonly every: Cadence; readonly policy: null }
  | { readonly name: string; readonly every: Cadence; readonly policy: RetentionPolicy };

/** Every task, each a CronJob. */
export const maintenanceTasks = ({ vacuum, retention }: Maintenance): readonly MaintenanceTask[] => [
  { name: VACUUM_TASK, every: vacuum, policy: null },
  ...retention.map((policy): MaintenanceTask => ({ name: retentionTaskName(policy), every: policy.every, policy })),
];

/** How long after its start the next run of a task comes, seconds; of a month the shortest. */
export const CADENCE_SECONDS: Readonly<Record<Cadence, number>> = { hour: 3600, day: 86_400, week: 604_800, month: 28 * 86_400 };

/** The PostgreSQL role that maintenance works as: it logs in with a client certificate of this name, and has no password. */
export const MAINTENANCE_ROLE = 'maintenance';
