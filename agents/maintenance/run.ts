/** Carries one task out. Everything it does is a transaction of its own: a run may be ended anywhere, and the next one goes on where it stopped. */
import { batchSql, COLUMNS_SQL, CUTOFF_SQL, dueCountSql, TABLE_SIZES_SQL, vacuumSql, type MaintenanceConfig } from '../../lib/services/maintenance';
import { qualified } from '../../lib/topology/maintenance';
import type { RetentionPolicy } from '../../lib/topology/types';
import type { Row, Session } from './primary';

export interface RunPorts {
  readonly connect: () => Promise<Session>;
  /** Seconds; never goes back. */
  readonly clock: () => number;
  readonly sleep: (seconds: number) => Promise<void>;
  readonly log: (what: string, fields?: Readonly<Record<string, unknown>>) => void;
  /** Fires when the pod is asked to end. */
  readonly stop: AbortSignal;
}

export interface RunResult {
  /** Rows deleted or moved; tables vacuumed. */
  readonly done: number;
  /** Rows that are still due: the time was up, or somebody has them locked. */
  readonly left: number;
}

/** SQLSTATE classes after which the same again may succeed: connection lost, server going down, deadlock or serialization, lock not available. */
const PASSING = /^(?:08|57P|40|55P03|25006)/;
const PAUSE_AFTER_FAILURE = 1;

const codeOf = (error: unknown): string | undefined =>
  typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string' ? error.code : undefined;

/** Refused by the server for good: no such table, no permission, a duplicate in the archive. A connection that breaks has another code, or none. */
const isFinal = (error: unknown): boolean => {
  const code = codeOf(error);
  return code !== undefined && /^[0-9A-Z]{5}$/.test(code) && !PASSING.test(code);
};

const reason = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** One task's connection: replaced when it breaks, for example because the primary changed. */
class Work {
  private session: Session | undefined;
  private readonly deadline: number;

  constructor(
    readonly config: MaintenanceConfig,
    readonly ports: RunPorts,
  ) {
    this.deadline = ports.clock() + config.timeLimitSeconds;
  }

  get timeIsUp(): boolean {
    return this.ports.stop.aborted || this.ports.clock() >= this.deadline;
  }

  /** Tries again after failures that pass, until the time is up. @throws the failure otherwise */
  async attempt<T>(work: (session: Session) => Promise<T>): Promise<T> {
    for (;;) {
      try {
        this.session ??= await this.ports.connect();
        return await work(this.session);
      } catch (error) {
        if (isFinal(error) || this.timeIsUp) throw error;
        this.ports.log('tried again', { because: reason(error) });
        await this.close();
        await this.ports.sleep(PAUSE_AFTER_FAILURE);
      }
    }
  }

  async close(): Promise<void> {
    const { session } = this;
    this.session = undefined;
    await session?.end().catch(() => undefined); // it is given up: whether its goodbye arrives does not matter
  }
}

const textOf = (row: Row, column: string): string => {
  const value = row[column];
  if (typeof value !== 'string') throw new Error(`column ${column}: a text was expected, given ${String(value)}`);
  return value;
};

const columnsOf = async (session: Session, table: string): Promise<readonly string[]> => {
  const { schema, name } = qualified(table);
  const { rows } = await session.query(COLUMNS_SQL, [schema, name]);
  if (rows.length === 0) throw new Error(`there is no table ${table}: create it, or remove it from maintenance.retention`);
  return rows.map((row) => textOf(row, 'name'));
};

/** @throws Error naming the columns that the archive lacks: moving rows without them would lose data */
const movableColumns = async (session: Session, { table, archiveTo }: RetentionPolicy): Promise<readonly string[]> => {
  const columns = await columnsOf(session, table);
  if (archiveTo === null) return columns;
  const there = new Set(await columnsOf(session, archiveTo));
  const missing = columns.filter((name) => !there.has(name));
  if (missing.length > 0) throw new Error(`${archiveTo} lacks the columns ${missing.join(', ')} of ${table}: add them before rows are moved`);
  return columns;
};

const dueNow = async (work: Work, policy: RetentionPolicy, cutoff: Date): Promise<number> => {
  const { rows } = await work.attempt((session) => session.query(dueCountSql(policy), [cutoff]));
  return Number(rows[0]?.['due'] ?? 0);
};

const retain = async (work: Work, policy: RetentionPolicy, dryRun: boolean): Promise<RunResult> => {
  const { config, ports } = work;
  const columns = await work.attempt((session) => movableColumns(session, policy));
  const { rows } = await work.attempt((session) => session.query(CUTOFF_SQL, [policy.olderThan]));
  const cutoff = rows[0]?.['cutoff'];
  if (!(cutoff instanceof Date)) throw new Error('the database did not tell the time');
  const due = await dueNow(work, policy, cutoff);
  ports.log('begins', { table: policy.table, archiveTo: policy.archiveTo, cutoff, due, dryRun });
  if (dryRun) return { done: 0, left: due };
  const sql = batchSql(policy, columns);
  let done = 0;
  while (!work.timeIsUp) {
    const began = ports.clock();
    const { rowCount } = await work.attempt((session) => session.query(sql, [cutoff, config.batchSize]));
    done += rowCount ?? 0;
    ports.log('batch', { rows: rowCount ?? 0, total: done, seconds: Math.round((ports.clock() - began) * 1000) / 1000 });
    if ((rowCount ?? 0) < config.batchSize) break;
    await ports.sleep(config.batchPauseSeconds);
  }
  return { done, left: await dueNow(work, policy, cutoff) };
};

/** Of a table. */
interface TableSize {
  readonly schema: string;
  readonly name: string;
}

const recordSizes = async (work: Work): Promise<readonly TableSize[]> => {
  const { rows } = await work.attempt((session) => session.query(TABLE_SIZES_SQL));
  return rows.map((row) => {
    const [schema, name] = [textOf(row, 'schema'), textOf(row, 'name')];
    work.ports.log('table size', { table: `${schema}.${name}`, bytes: Number(row['bytes']), liveRows: Number(row['live']), deadRows: Number(row['dead']) });
    return { schema, name };
  });
};

const vacuum = async (work: Work, dryRun: boolean): Promise<RunResult> => {
  const tables = await recordSizes(work);
  if (dryRun) return { done: 0, left: tables.length };
  let done = 0;
  for (const { schema, name } of tables) {
    if (work.timeIsUp) break;
    const began = work.ports.clock();
    await work.attempt((session) => session.query(vacuumSql(schema, name)));
    done += 1;
    work.ports.log('vacuumed', { table: `${schema}.${name}`, seconds: Math.round((work.ports.clock() - began) * 1000) / 1000 });
  }
  return { done, left: tables.length - done };
};

/** @throws Error when the database refuses for good, or does not answer until the time is up */
export const runTask = async (config: MaintenanceConfig, ports: RunPorts, dryRun: boolean): Promise<RunResult> => {
  const work = new Work(config, ports);
  try {
    const { policy } = config.task;
    const result = policy === null ? await vacuum(work, dryRun) : await retain(work, policy, dryRun);
    ports.log('ends', { ...result, timeIsUp: work.timeIsUp, dryRun });
    return result;
  } finally {
    await work.close();
  }
};
