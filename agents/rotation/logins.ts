/** Logging in, as those do whose credentials are rotated: the only proof that a password is good, or is refused. */
import { Client, DatabaseError } from 'pg';
import type { Login } from '../../lib/services/rotation/roles';
import { POOLER_PORT, POSTGRES_PORT } from '../../lib/topology/derive';

export interface Door {
  /** For messages: the pod. */
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly database: string;
  /** As a standby logs in. */
  readonly replication: boolean;
}

/** `refused`: by the server, for who it is. Everything else that is not `let in` is no answer. */
export type Attempt =
  { readonly kind: 'let in' } | { readonly kind: 'refused'; readonly because: string } | { readonly kind: 'no answer'; readonly because: string };

const TIMEOUT_MS = 4_000;
/** Invalid authorization; PgBouncer reports a failed SCRAM exchange, and a server that refuses its login, as a protocol violation. */
const REFUSALS = /^(28|08P01)/;

export const knock = async (door: Door, login: Login, ca: string): Promise<Attempt> => {
  const client = new Client({
    host: door.host,
    port: door.port,
    database: door.database,
    user: login.user,
    password: login.password,
    // Pods are reached by address, which no certificate carries: the chain is verified, the name is not.
    ssl: { ca, checkServerIdentity: () => undefined },
    connectionTimeoutMillis: TIMEOUT_MS,
    query_timeout: TIMEOUT_MS,
    application_name: 'holdfast-rotation',
    ...(door.replication ? { replication: 'true' } : {}),
  });
  client.on('error', () => undefined); // a connection that breaks: the statement under way says so
  try {
    await client.connect();
    await client.query(door.replication ? 'IDENTIFY_SYSTEM' : 'SELECT 1');
    return { kind: 'let in' };
  } catch (error) {
    const because = error instanceof Error ? error.message : String(error);
    return { kind: error instanceof DatabaseError && REFUSALS.test(error.code ?? '') ? 'refused' : 'no answer', because };
  } finally {
    client.end().catch(() => undefined); // nothing to close if it was never open
  }
};

export const poolerDoor = (name: string, host: string, database: string): Door => ({ name, host, port: POOLER_PORT, database, replication: false });
export const memberDoor = (name: string, host: string, database: string): Door => ({ name, host, port: POSTGRES_PORT, database, replication: false });
export const replicationDoor = (name: string, host: string): Door => ({ name, host, port: POSTGRES_PORT, database: 'postgres', replication: true });

/** Who streams from a member: role and member, as any role may see it. */
export const streamsOf = async (
  host: string,
  database: string,
  login: Login,
  ca: string,
): Promise<readonly { readonly role: string; readonly member: string }[]> => {
  const client = new Client({
    ...{ host, port: POSTGRES_PORT, database, user: login.user, password: login.password },
    ssl: { ca, checkServerIdentity: () => undefined },
    connectionTimeoutMillis: TIMEOUT_MS,
    query_timeout: TIMEOUT_MS,
  });
  client.on('error', () => undefined); // as above
  try {
    await client.connect();
    const { rows } = await client.query<{ role: string; member: string }>(
      `SELECT usename AS role, application_name AS member FROM pg_stat_replication WHERE application_name NOT LIKE 'pg_basebackup%'`,
    );
    return rows;
  } finally {
    client.end().catch(() => undefined); // nothing to close if it was never open
  }
};
