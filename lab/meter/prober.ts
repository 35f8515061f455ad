/**
 * Asks every PostgreSQL of the lab, many times a second and from inside its own machine, to commit a row locally: who accepts, accepts writes. It reaches them over their
 * Unix sockets (through /proc/PID/root), so no cut network hides a primary. Also tells when a pooler was pointed somewhere else. One process for all nodes.
 */
import { statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { Client } from 'pg';
import { commandOf, environmentOf, findProgram } from '../hosts/processes-in-pods';
import { now } from './clock';
import type { ProberConfiguration } from './prober-configuration';
import { codeOf, configuration, emit, messageOf } from './emit';
import { PROBE_TABLE } from './tables';

/** A probe without an answer for so long: the server does not serve. */
const GIVE_UP_MS = 1000;
const SOCKETS = '/run/postgresql';
/** SQLSTATE: somebody made the primary read-only. */
const READ_ONLY = '25006';
const ROUTES = '/run/pgbouncer/databases.ini';

const config = configuration() as ProberConfiguration;
let stopping = false;
process.on('SIGTERM', () => (stopping = true));

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

interface Found {
  readonly pid: number;
  readonly member: string;
}

const postmaster = async (cgroup: string): Promise<Found | undefined> => {
  const pid = await findProgram(cgroup, 'postgres');
  const member = pid === undefined ? undefined : environmentOf(pid, 'HOSTNAME');
  return pid === undefined || member === undefined ? undefined : { pid, member };
};

const connect = async (found: Found): Promise<Client> => {
  const client = new Client({
    host: `/proc/${found.pid}/root${SOCKETS}`,
    port: 5432,
    database: config.database,
    user: config.superuser,
    password: config.password,
    connectionTimeoutMillis: GIVE_UP_MS,
    query_timeout: GIVE_UP_MS,
    options: '-c synchronous_commit=local',
  });
  client.on('error', () => undefined); // the next probe tells, and records it
  try {
    await client.connect();
    return client;
  } catch (error) {
    client.end().catch(() => undefined); // never connected
    throw error;
  }
};

/** A standby is asked, not tried: thirty refused writes a second would fill its log. @returns whether the connection is still good */
const probeOnce = async (member: string, client: Client): Promise<boolean> => {
  const start = now();
  const event = { kind: 'local-commit', node: member, start };
  try {
    const { rows } = await client.query<{ standby: boolean }>('SELECT pg_is_in_recovery() AS standby');
    const inRecovery = rows[0]?.standby !== false;
    if (!inRecovery) await client.query(`INSERT INTO ${PROBE_TABLE} (member) VALUES ($1)`, [member]);
    emit({ t: now(), ...event, ok: !inRecovery, inRecovery });
    return true;
  } catch (error) {
    emit({ t: now(), ...event, ok: false, inRecovery: false, error: messageOf(error) });
    return codeOf(error) === READ_ONLY;
  }
};

const probeNode = async (cgroup: string): Promise<void> => {
  let last: string | undefined;
  while (!stopping) {
    const start = now();
    const found = await postmaster(cgroup);
    last = found?.member ?? last;
    if (found === undefined) {
      if (last !== undefined) emit({ t: now(), kind: 'local-commit', node: last, start, ok: false, inRecovery: false, error: 'no postmaster' });
      await pause(config.everySeconds * 1000);
      continue;
    }
    try {
      const client = await connect(found);
      while (!stopping) {
        const began = now();
        if (!(await probeOnce(found.member, client))) break;
        await pause(Math.max(0, (began + config.everySeconds - now()) * 1000));
      }
      client.end().catch(() => undefined); // whether the goodbye arrives does not matter
    } catch (error) {
      emit({ t: now(), kind: 'local-commit', node: found.member, start, ok: false, inRecovery: false, error: messageOf(error) });
      await pause(config.everySeconds * 1000);
    }
  }
};

/** The follower rewrites the pooler's database line when the leader changes. */
const watchRoutes = async (zone: string, cgroup: string): Promise<void> => {
  let pid: number | undefined;
  let seen: string | undefined;
  while (!stopping) {
    pid = pid !== undefined && commandOf(pid).includes('pgbouncer') ? pid : await findProgram(cgroup, 'pgbouncer');
    const text = pid === undefined ? undefined : await readFile(`/proc/${pid}/root${ROUTES}`, 'utf8').catch(() => undefined);
    if (text !== undefined && text !== seen) {
      const host = /host=([^\s]+)/.exec(text)?.[1];
      emit({ t: modified(`/proc/${pid}/root${ROUTES}`), kind: 'route', zone, host: host ?? null, first: seen === undefined });
      seen = text;
    }
    await pause(pid === undefined ? 500 : 25);
  }
};

const modified = (path: string): number => {
  try {
    return statSync(path).mtimeMs / 1000;
  } catch {
    return now(); // replaced this very moment
  }
};

Promise.all(config.nodes.flatMap(({ zone, cgroup }) => [probeNode(cgroup), watchRoutes(zone, cgroup)])).then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`prober: ${messageOf(error)}\n`);
    process.exit(1);
  },
);
