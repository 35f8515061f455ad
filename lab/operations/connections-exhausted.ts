/** The drill connections-exhausted: sessions that idle in a transaction hold every connection of every pool; one command ends them and nobody else. */
import { withoutFailover } from './expectation';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Client } from 'pg';
import { historyOf, type HistoryEvent } from '../../lib/drill/events';
import { judgeExhausted } from '../../lib/drill/operations/connections';
import type { ProcedureOutcome } from '../../lib/drill/procedure-run';
import { asSuperuser } from '../database';
import { finalRows, prepareTables } from '../drill/data';
import type { ProcedureContext } from '../drill/procedures/procedure';
import { NotSteadyError } from '../drill/run';
import { sleep, until } from '../exec';
import { addressesOf, podsOf } from '../health';
import { isReady } from '../kubernetes/api';
import { now } from '../meter/clock';
import { poolerClient, startClients } from './clients';
import { runHoldfast } from './holdfast';
import { steadyRegion } from './steady';

const CLIENTS = 3;
const STEADY_SECONDS = 2;
/** So long a session may idle in a transaction. */
const OLDER_THAN_SECONDS = 5;
const SERVED_AFTER_SECONDS = 20;

/** Opens as many transactions as there are server connections, and leaves them open. A pooler that is full lets the rest wait: they are given up. */
const holdEverything = async ({
  lab,
  api,
  credentials,
}: ProcedureContext): Promise<{ readonly clients: readonly Client[]; readonly pids: readonly number[] }> => {
  const hosts = addressesOf((await podsOf(api, 'pgbouncer')).filter(isReady));
  const opened = hosts.flatMap((host) =>
    Array.from({ length: lab.region.pooler.poolSize }, async () => {
      const client = poolerClient(lab, credentials, host, 4);
      client.on('error', () => undefined); // being ended is what it is there for
      try {
        await client.connect();
        await client.query('BEGIN');
        const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
        return { client, pid: rows[0]?.pid };
      } catch {
        // The pool was full before it: so much the better. What it still waits for must not be begun later.
        client.end().catch(() => undefined); // it may be gone already, which is what is wanted
        return { client, pid: undefined };
      }
    }),
  );
  const all = await Promise.all(opened);
  return { clients: all.map(({ client }) => client), pids: all.flatMap(({ pid }) => (pid === undefined ? [] : [pid])) };
};

/** Sessions of others that are connected: by process and start, so that a new one with an old number is not taken for it. */
const otherSessions = ({ lab }: ProcedureContext, leader: string, holders: readonly number[]): Promise<readonly string[]> =>
  asSuperuser(lab, leader, async (client) => {
    const { rows } = await client.query<{ id: string }>(
      `SELECT pid || '@' || backend_start AS id FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() AND NOT pid = ANY ($1) AND usename <> 'postgres'`,
      [holders],
    );
    return rows.map(({ id }) => id);
  });

interface ListOutput {
  readonly alert: boolean;
  readonly pools: readonly { readonly cl_waiting: number }[];
}
interface EndOutput {
  readonly sessions: readonly { readonly pid: number; readonly ended: boolean }[];
}

const command = async <T>({ lab, directory, signal }: ProcedureContext, args: readonly string[]): Promise<T> => {
  const { stdout } = await runHoldfast(['connections', ...args, '--lab', lab.name, '--json'], join(directory, 'connections.log'), signal);
  if (stdout.trim() === '') throw new Error(`holdfast connections ${args.join(' ')} said nothing; see connections.log in the run's folder`);
  return JSON.parse(stdout) as T;
};

export const connectionsExhausted = async (context: ProcedureContext): Promise<ProcedureOutcome> => {
  const { lab, api, credentials, directory, progress } = context;
  const { leader } = await steadyRegion(context);
  await prepareTables(lab, leader);
  const marks: HistoryEvent[] = [];
  const mark = (name: string): void => void marks.push({ t: now(), kind: 'mark', name });
  const clients = startClients(lab, api, credentials, { count: CLIENTS, giveUpSeconds: lab.region.pooler.queryWaitTimeout + 5 });
  let held: Awaited<ReturnType<typeof holdEverything>> | undefined;
  try {
    await until('every client is served', 20, () => Promise.resolve(clients.lastAcks.size === CLIENTS || undefined)).catch((error: unknown) => {
      throw new NotSteadyError('steady state not reached', { cause: error });
    });
    mark('steady');
    await sleep(STEADY_SECONDS);
    mark('faultAt');
    held = await holdEverything(context);
    progress(`${held.pids.length} transactions are open and idle`);
    const others = await otherSessions(context, leader, held.pids);
    await sleep(OLDER_THAN_SECONDS);
    const seen = await command<ListOutput>(context, ['list']);
    const began = now();
    const { sessions } = await command<EndOutput>(context, ['end-long', '--older-than', `${OLDER_THAN_SECONDS}s`]);
    const commandSeconds = now() - began;
    mark('healedAt');
    const after = await otherSessions(context, leader, held.pids);
    const healed = now();
    await until('every client is served', SERVED_AFTER_SECONDS, () =>
      Promise.resolve(clients.names.every((name) => (clients.lastAcks.get(name) ?? 0) > healed) || undefined),
    ).catch(() => undefined); // judged below
    await sleep(1);
    mark('end');
    await clients.stop();
    const history = historyOf([...clients.events, ...marks, ...(await finalRows(lab, leader, clients.names))]);
    await writeFile(join(directory, 'history.jsonl'), history.events.map((e) => `${JSON.stringify(e)}\n`).join(''));
    const judged = judgeExhausted(history, {
      expectation: withoutFailover(context, clients.names, false),
      holders: held.pids,
      ended: sessions.filter(({ ended }) => ended).map(({ pid }) => pid),
      healthy: { before: others.length, lost: others.filter((id) => !after.includes(id)).length },
      alarmed: seen.alert,
      waiting: seen.pools.reduce((sum, pool) => sum + pool.cl_waiting, 0),
      commandSeconds,
    });
    return { ...judged, notes: [], extra: { held: held.pids.length, commandSeconds }, logs: [{ name: 'history', path: 'history.jsonl' }] };
  } finally {
    await Promise.allSettled([clients.stop(), ...(held?.clients ?? []).map((client) => client.end())]);
  }
};
