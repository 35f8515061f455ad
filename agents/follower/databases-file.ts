import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { databasesIniFor } from '../../lib/services/pgbouncer';
import type { Address, Route } from './decide';

/** The first line carries what PgBouncer does not need and a restarted follower does. `;` begins a comment in PgBouncer's files. */
const HEADER = /^; holdfast route: member=(\S+) cluster=(\d+) revision=(\d+)$/m;

/** A further database of the pooler: the region's own rows. */
export interface LocalLine extends Address {
  readonly name: string;
  readonly poolSize: number;
}

const localLine = ({ name, poolSize, host, port }: LocalLine, database: string): string =>
  `${name} = host=${host} port=${port} dbname=${database} pool_size=${poolSize} max_db_connections=${poolSize}\n`;

export const renderRoute = (route: Route, database: string, local?: LocalLine): string =>
  `; holdfast route: member=${route.member} cluster=${route.clusterId} revision=${route.modRevision}\n${databasesIniFor(route.host, route.port, database)}${local === undefined ? '' : localLine(local, database)}`;

/** The route that a file holds; undefined if it was not written by a follower (the file that PgBouncer first starts with). */
export const parseRoute = (content: string, database: string): Route | undefined => {
  const header = HEADER.exec(content);
  const line = content.split('\n').find((l) => l.split('=')[0]?.trim() === database) ?? '';
  const host = /\bhost=(\S+)/.exec(line)?.[1];
  const port = /\bport=(\d+)/.exec(line)?.[1];
  if (!header || host === undefined || port === undefined || isIP(host) === 0) return undefined;
  return { member: header[1] ?? '', clusterId: header[2] ?? '', modRevision: Number(header[3]), host, port: Number(port) };
};

/** @throws Error when the file exists and can't be read */
export const readRoute = (file: string, database: string): Route | undefined =>
  existsSync(file) ? parseRoute(readFileSync(file, 'utf8'), database) : undefined;

/**
 * Replaces the file in one step, so that PgBouncer never reads half of it. No fsync: the file lives and dies with the pod.
 * Synchronous on purpose: a few bytes into memory, which must not queue behind a name lookup in the thread pool.
 */
export const writeRoute = (file: string, route: Route, database: string, local?: LocalLine): void => {
  const next = `${file}.next`;
  writeFileSync(next, renderRoute(route, database, local), { mode: 0o644 });
  renameSync(next, file);
};
