/** A row that carries the epoch, written as an application would write it: through the target's pooler, with the application's login. */
import { readFileSync } from 'node:fs';
import { Client } from 'pg';
import { NoAnswer } from '../../lib/failover/errors';
import type { WriteProbe } from '../../lib/failover/failover-ports';
import type { FailoverSettings, RegionSettings } from '../../lib/failover/settings';
import { POOLER_NAME } from '../../lib/topology/regions';

export interface ProbeLogin {
  readonly user: string;
  readonly password: string;
  /** PEM. */
  readonly ca: string;
}

/** Milliseconds, for connecting and for each statement. */
const TIMEOUT = 3000;
const TABLE = 'holdfast_failover_probe';

/** One row per epoch: a probe that is repeated finds its own. */
const PROBE = `
  INSERT INTO ${TABLE} AS probe (epoch, written_at) VALUES ($1, clock_timestamp())
  ON CONFLICT (epoch) DO UPDATE SET written_at = excluded.written_at
  RETURNING probe.epoch`;

const readBack = async (client: Client, epoch: number): Promise<number> => {
  await client.query(`CREATE TABLE IF NOT EXISTS ${TABLE} (epoch bigint PRIMARY KEY, written_at timestamptz NOT NULL)`);
  await client.query(PROBE, [epoch]);
  const { rows } = await client.query<{ epoch: string }>(`SELECT epoch FROM ${TABLE} ORDER BY epoch DESC LIMIT 1`);
  return Number(rows[0]?.epoch ?? 0);
};

const clientFor = (region: RegionSettings, host: string, login: ProbeLogin): Client =>
  new Client({
    host,
    port: region.poolerPort,
    database: region.database,
    user: login.user,
    password: login.password,
    ssl: { ca: login.ca, servername: POOLER_NAME },
    connectionTimeoutMillis: TIMEOUT,
    query_timeout: TIMEOUT,
    application_name: 'holdfast-failover',
  });

const writeThrough = async (region: RegionSettings, host: string, login: ProbeLogin, epoch: number): Promise<number> => {
  const client = clientFor(region, host, login);
  // A connection that breaks between two statements is told by the statement; without a listener it would end the process.
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await readBack(client, epoch);
  } finally {
    await client.end().catch(() => undefined);
  }
};

/** @param login asked for anew each time: a password may have been rotated */
export const writeProbe = (settings: Pick<FailoverSettings, 'regions'>, login: () => Promise<ProbeLogin>): WriteProbe => ({
  writeAndRead: async (name, epoch) => {
    const region = settings.regions.find((r) => r.name === name);
    if (region === undefined) throw new Error(`there is no region "${name}"`);
    const proven = await login();
    const failures: string[] = [];
    for (const host of region.poolers) {
      const began = performance.now();
      try {
        return { epoch: await writeThrough(region, host, proven, epoch), elapsed: Math.round(performance.now() - began) };
      } catch (error) {
        failures.push(`${host}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    throw new NoAnswer(`no write through the poolers of ${name}: ${failures.join('; ')}`);
  },
});

/** From files, as a lab has them; `readFileSync` each time, since they are rotated. */
export const loginFromFiles = (user: string, passwordFile: string, caFile: string): (() => Promise<ProbeLogin>) => {
  return () => Promise.resolve({ user, password: readFileSync(passwordFile, 'utf8').trim(), ca: readFileSync(caFile, 'utf8') });
};
