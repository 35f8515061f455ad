import type { Row, Session } from '../../../agents/maintenance/primary';
import { runTask, type RunPorts } from '../../../agents/maintenance/run';
import { COLUMNS_SQL, CUTOFF_SQL, maintenanceConfig, TABLE_SIZES_SQL, type MaintenanceConfig } from '../../../lib/services/maintenance';
import { defineEnvironment } from '../../../lib/topology/define';
import { homeRegion } from '../../../lib/topology/derive';
import { maintenanceTasks } from '../../../lib/topology/maintenance';
import { days } from '../../../lib/topology/units';
import { environmentWith } from '../../topology/fixtures';

const environment = defineEnvironment(
  environmentWith({
    maintenance: {
      batchSize: 10,
      retention: [{ table: 'receipts', column: 'submitted_at', olderThan: days(90), archiveTo: 'receipts_archive', every: 'month' }],
    },
  }),
);
const configOf = (name: string): MaintenanceConfig => {
  const task = maintenanceTasks(environment.maintenance).find((t) => t.name === name);
  if (task === undefined) throw new Error(`no task ${name}`);
  return maintenanceConfig(environment, homeRegion(environment), task);
};

/** A database that knows how many rows are due; `fail` may throw instead of an answer. */
class Database {
  due = 35;
  archived = 0;
  connections = 0;
  readonly asked: string[] = [];
  archiveColumns = ['id', 'submitted_at'];
  fail: (sql: string) => void = () => undefined;

  session(): Session {
    this.connections += 1;
    return {
      query: (sql, values = []) => {
        this.asked.push(sql);
        this.fail(sql);
        return Promise.resolve(this.answer(sql, values));
      },
      end: () => Promise.resolve(),
    };
  }

  private answer(sql: string, values: readonly unknown[]): { rows: readonly Row[]; rowCount: number } {
    const of = (rows: readonly Row[]) => ({ rows, rowCount: rows.length });
    if (sql === COLUMNS_SQL) return of((values[1] === 'receipts' ? ['id', 'submitted_at'] : this.archiveColumns).map((name) => ({ name })));
    if (sql === CUTOFF_SQL) return of([{ cutoff: new Date(0) }]);
    if (sql === TABLE_SIZES_SQL) return of(['a', 'b'].map((name) => ({ schema: 'public', name, bytes: '8192', live: '1', dead: '0' })));
    if (sql.startsWith('SELECT count')) return of([{ due: String(this.due) }]);
    if (sql.startsWith('VACUUM')) return of([]);
    const moved = Math.min(this.due, Number(values[1]));
    this.due -= moved;
    this.archived += moved;
    return { rows: [], rowCount: moved };
  }
}

const portsOf = (database: Database, changes: Partial<RunPorts> = {}): RunPorts & { readonly lines: string[] } => {
  const lines: string[] = [];
  let time = 0;
  return {
    connect: () => Promise.resolve(database.session()),
    clock: () => time,
    sleep: (seconds) => {
      time += seconds;
      return Promise.resolve();
    },
    log: (what, fields) => void lines.push(`${what} ${JSON.stringify(fields ?? {})}`),
    stop: new AbortController().signal,
    lines,
    ...changes,
  };
};

const refusal = (code: string): Error => Object.assign(new Error(`refused with ${code}`), { code });

test('moves everything that is due, batch by batch', async () => {
  const database = new Database();
  const ports = portsOf(database);
  expect(await runTask(configOf('archive-receipts'), ports, false)).toEqual({ done: 35, left: 0 });
  expect(ports.lines.filter((line) => line.startsWith('batch'))).toHaveLength(4);
});

test('a dry run only counts', async () => {
  const database = new Database();
  expect(await runTask(configOf('archive-receipts'), portsOf(database), true)).toEqual({ done: 0, left: 35 });
  expect(database.archived).toBe(0);
});

test('a connection that breaks is made anew, and the work goes on', async () => {
  const database = new Database();
  let broken = 0;
  database.fail = (sql) => {
    if (sql.startsWith('WITH') && broken++ === 1) throw refusal('57P01');
  };
  expect(await runTask(configOf('archive-receipts'), portsOf(database), false)).toEqual({ done: 35, left: 0 });
  expect(database.connections).toBe(2);
});

test.each(['42501', '42P01', '23505'])('a refusal for good (%s) ends the run at once', async (code) => {
  const database = new Database();
  database.fail = (sql) => {
    if (sql.startsWith('WITH')) throw refusal(code);
  };
  await expect(runTask(configOf('archive-receipts'), portsOf(database), false)).rejects.toThrow(code);
  expect(database.connections).toBe(1);
});

test('nobody answers until the time is up: the last reason is told', async () => {
  const ports = portsOf(new Database(), { connect: () => Promise.reject(new Error('no member is primary')) });
  await expect(runTask(configOf('archive-receipts'), ports, false)).rejects.toThrow(/no member is primary/);
  expect(ports.clock()).toBeGreaterThanOrEqual(environment.maintenance.timeLimit);
});

test('asked to end, it finishes its batch and says what is left', async () => {
  const database = new Database();
  const stop = new AbortController();
  database.fail = (sql) => {
    if (sql.startsWith('WITH')) stop.abort();
  };
  expect(await runTask(configOf('archive-receipts'), portsOf(database, { stop: stop.signal }), false)).toEqual({ done: 10, left: 25 });
});

test('an archive that lacks a column is refused before a row is moved', async () => {
  const database = new Database();
  database.archiveColumns = ['id'];
  await expect(runTask(configOf('archive-receipts'), portsOf(database), false)).rejects.toThrow(/receipts_archive lacks the columns submitted_at of receipts/);
  expect(database.archived).toBe(0);
});

test('vacuum records every size, and vacuums every table outside a transaction', async () => {
  const database = new Database();
  const ports = portsOf(database);
  expect(await runTask(configOf('vacuum'), ports, false)).toEqual({ done: 2, left: 0 });
  expect(ports.lines.filter((line) => line.startsWith('table size'))).toHaveLength(2);
  expect(database.asked.filter((sql) => sql.startsWith('VACUUM'))).toEqual([
    'VACUUM (ANALYZE, SKIP_LOCKED) "public"."a"',
    'VACUUM (ANALYZE, SKIP_LOCKED) "public"."b"',
  ]);
  expect(database.asked.some((sql) => sql === 'BEGIN')).toBe(false);
});
