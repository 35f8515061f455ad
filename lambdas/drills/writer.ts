/** A client of the database as an application is one: writes row after row, and when a connection breaks goes on by the next pooler. */
import { POOLER_NAME } from '../../lib/topology/regions';
import { Client } from 'pg';
import { idSetOf, subtract, type IdSet } from '../../lib/drill/id-set';
import type { WriterResult } from './measured';

/** One way into the database. Each method throws when the answer did not come. */
export interface Connection {
  readonly insert: (run: string, id: number) => Promise<void>;
  readonly ids: (run: string) => Promise<readonly number[]>;
  readonly close: () => Promise<void>;
}

export interface WriterPorts {
  /** @param attempt counts connections: the n-th pooler in turn */
  readonly connect: (attempt: number) => Promise<Connection>;
  /** Milliseconds on a clock that only goes forward. */
  readonly elapsed: () => number;
  readonly sleep: (milliseconds: number) => Promise<void>;
  /** Told every so often: for how many seconds nothing has been acknowledged. */
  readonly silence: (seconds: number) => void;
}

const PAUSE_MS = 100;
const RETRY_MS = 200;
const TELL_MS = 10_000;
/** After the writing, a look is tried for so long. */
const LOOK_MS = 60_000;

export class Writer {
  private connection: Connection | null = null;
  private attempts = 0;
  private errors = 0;
  private readonly acknowledged: number[] = [];

  constructor(
    private readonly run: string,
    private readonly ports: WriterPorts,
  ) {}

  /** @param seconds how long is written */
  async write(seconds: number): Promise<WriterResult> {
    const { elapsed, sleep, silence } = this.ports;
    const end = elapsed() + seconds * 1000;
    let [last, told, longest] = [elapsed(), elapsed(), 0];
    for (let id = 1; elapsed() < end; id += 1) {
      if (await this.tryWrite(id)) {
        longest = Math.max(longest, elapsed() - last);
        last = elapsed();
      }
      if (elapsed() - told >= TELL_MS) {
        told = elapsed();
        silence((told - last) / 1000);
      }
      await sleep(this.connection === null ? RETRY_MS : PAUSE_MS);
    }
    const tail = elapsed() - last;
    const lost = await this.missing();
    return { acknowledged: this.acknowledged.length, gapSeconds: Math.max(longest, tail) / 1000, open: tail > longest, errors: this.errors, lost };
  }

  private async tryWrite(id: number): Promise<boolean> {
    try {
      this.connection ??= await this.ports.connect(this.attempts++);
      await this.connection.insert(this.run, id);
      this.acknowledged.push(id);
      return true;
    } catch {
      // Counted: what became of the row is not known, and it is not claimed.
      this.errors += 1;
      await this.drop();
      return false;
    }
  }

  private async drop(): Promise<void> {
    const broken = this.connection;
    this.connection = null;
    await broken?.close().catch(() => undefined); // it is given up because it is broken
  }

  private async missing(): Promise<IdSet | null> {
    const end = this.ports.elapsed() + LOOK_MS;
    while (this.ports.elapsed() < end) {
      try {
        this.connection ??= await this.ports.connect(this.attempts++);
        return subtract(idSetOf(this.acknowledged), idSetOf(await this.connection.ids(this.run)));
      } catch {
        await this.drop();
        await this.ports.sleep(RETRY_MS);
      } finally {
        if (this.ports.elapsed() >= end) await this.drop();
      }
    }
    return null;
  }

  close(): Promise<void> {
    return this.drop();
  }
}

const TABLE = 'holdfast_drill';
const TIMEOUT_MS = 3000;

export interface PoolerLogin {
  readonly user: string;
  readonly password: string;
  /** PEM. */
  readonly ca: string;
}

/** Through one pooler. Rows of runs older than a quarter are cleared: evidence is what was counted, not the rows. */
export const connectTo = async (host: string, port: number, database: string, login: PoolerLogin): Promise<Connection> => {
  const { user, password, ca } = login;
  const client = new Client({
    host,
    port,
    database,
    user,
    password,
    // Reached by address, known by its name.
    ssl: { ca, servername: POOLER_NAME },
    connectionTimeoutMillis: TIMEOUT_MS,
    query_timeout: TIMEOUT_MS,
    application_name: 'holdfast-drill',
  });
  // A connection that breaks between two statements is told by the next one; without a listener it would end the process.
  client.on('error', () => undefined);
  await client.connect();
  await client.query(`CREATE TABLE IF NOT EXISTS ${TABLE} (run text, id bigint, at timestamptz NOT NULL DEFAULT clock_timestamp(), PRIMARY KEY (run, id))`);
  await client.query(`DELETE FROM ${TABLE} WHERE at < now() - interval '92 days'`);
  return {
    insert: async (run, id) => void (await client.query(`INSERT INTO ${TABLE} (run, id) VALUES ($1, $2)`, [run, id])),
    ids: async (run) => (await client.query<{ id: string }>(`SELECT id FROM ${TABLE} WHERE run = $1`, [run])).rows.map(({ id }) => Number(id)),
    close: () => client.end(),
  };
};
