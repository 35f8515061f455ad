import { batchSql, dueCountSql, grantsSql, maintenanceConfig, quoteTable, scheduleOf, vacuumSql } from '../../lib/services/maintenance';
import { defineEnvironment } from '../../lib/topology/define';
import { homeRegion } from '../../lib/topology/derive';
import { maintenanceTasks } from '../../lib/topology/maintenance';
import type { RetentionPolicy } from '../../lib/topology/types';
import { days, hours } from '../../lib/topology/units';
import { environmentWith } from '../topology/fixtures';

const nonces: RetentionPolicy = { table: 'used_nonces', column: 'created_at', olderThan: hours(24), archiveTo: null, every: 'hour' };
const receipts: RetentionPolicy = { table: 'pouw.receipts', column: 'submitted_at', olderThan: days(90), archiveTo: 'receipts_archive', every: 'month' };
const environment = defineEnvironment(environmentWith({ maintenance: { retention: [nonces, receipts] } }));

test('a purge deletes what is due, a batch of it, and passes over what somebody has locked', () => {
  expect(batchSql(nonces, [])).toBe(
    'WITH due AS (SELECT tableoid, ctid FROM "public"."used_nonces" WHERE "created_at" < $1 ORDER BY "created_at" LIMIT $2 FOR UPDATE SKIP LOCKED) ' +
      'DELETE FROM "public"."used_nonces" AS t USING due WHERE t.tableoid = due.tableoid AND t.ctid = due.ctid',
  );
});

test('an archive deletes and inserts in one statement, by the names of the columns', () => {
  const sql = batchSql(receipts, ['id', 'submitted_at']);
  expect(sql).toContain('DELETE FROM "pouw"."receipts" AS t USING due');
  expect(sql).toContain(
    'RETURNING t."id", t."submitted_at") INSERT INTO "public"."receipts_archive" ("id", "submitted_at") SELECT "id", "submitted_at" FROM moved',
  );
  expect(sql.match(/;/g)).toBeNull();
});

test('an archive without columns is a mistake, not an empty insert', () => expect(() => batchSql(receipts, [])).toThrow(/no columns/));

test('names are quoted whatever they are', () => {
  expect(quoteTable('a"b.c')).toBe('"a""b"."c"');
  expect(vacuumSql('x', 'y"; DROP TABLE z')).toBe('VACUUM (ANALYZE, SKIP_LOCKED) "x"."y""; DROP TABLE z"');
  expect(dueCountSql(nonces)).toContain('"public"."used_nonces" WHERE "created_at" < $1');
});

test('the grants are those that the statements need, and no more', () => {
  expect(grantsSql([nonces, receipts])).toEqual([
    'GRANT USAGE ON SCHEMA "public" TO "maintenance";',
    'GRANT USAGE ON SCHEMA "pouw" TO "maintenance";',
    'GRANT SELECT, DELETE, UPDATE ("created_at") ON "public"."used_nonces" TO "maintenance";',
    'GRANT SELECT, DELETE, UPDATE ("submitted_at") ON "pouw"."receipts" TO "maintenance";',
    'GRANT INSERT ON "public"."receipts_archive" TO "maintenance";',
  ]);
});

test('tasks are named after what they do, and begin at different times', () => {
  const names = maintenanceTasks(environment.maintenance).map(({ name }) => name);
  expect(names).toEqual(['vacuum', 'purge-used-nonces', 'archive-pouw-receipts']);
  expect(names.map((name) => scheduleOf(environment, name))).toEqual(['17 3 * * 0', '24 * * * *', '31 3 1 * *']);
  expect(() => scheduleOf(environment, 'purge')).toThrow(/it has vacuum, purge-used-nonces/);
});

test('the agent is told all members, and looks for the primary itself', () => {
  const [task] = maintenanceTasks(environment.maintenance);
  if (task === undefined) throw new Error('no task');
  const config = maintenanceConfig(environment, homeRegion(environment), task);
  expect(config.hosts).toEqual([0, 1, 2].map((i) => `pg-euc1-${i}.pg-euc1.data.svc.cluster.local`));
  expect(config).toMatchObject({ role: 'maintenance', database: 'app', batchSize: 1000, lockTimeoutSeconds: 5 });
});
