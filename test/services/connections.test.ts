import { endLongSql, largestPoolSize, LIST_SESSIONS_SQL, longSessionsSql, raisePoolCommands } from '../../lib/services/connections';
import { homeRegion } from '../../lib/topology/derive';
import { environmentNamed } from '../k8s/fixtures';

const region = homeRegion(environmentNamed('lab'));

test.each([LIST_SESSIONS_SQL, longSessionsSql(30), endLongSql(30)])(
  'never the own session, a superuser, replication, or what the server does itself',
  (sql) => {
    expect(sql).toContain("a.backend_type = 'client backend'");
    expect(sql).toContain('a.pid <> pg_backend_pid()');
    expect(sql).toContain('NOT r.rolsuper AND NOT r.rolreplication');
  },
);

test('a commit that waits for its standby is never ended: it would be visible here and nowhere else', () =>
  expect(endLongSql(5)).toContain("a.wait_event IS DISTINCT FROM 'SyncRep'"));

test('statements are cancelled, sessions that idle in a transaction are ended', () =>
  expect(endLongSql(5)).toContain("CASE WHEN s.state = 'active' THEN pg_cancel_backend(s.pid) ELSE pg_terminate_backend(s.pid) END"));

test('an idle session is in no statement and in no transaction: it is never too old', () => {
  expect(longSessionsSql(5)).toMatch(/CASE WHEN a\.state = 'active' THEN a\.query_start WHEN a\.state LIKE 'idle in transaction%' THEN a\.xact_start END/);
});

test.each([0, -1, 1.5, Number.NaN])('refuses %d seconds', (given) => expect(() => endLongSql(given)).toThrow(/whole seconds, 1 or more/));

test('pools are raised to what max_connections leaves each pooler, one more of them during a rollout', () => {
  expect(largestPoolSize(region)).toBe(Math.floor((100 - 12) / 4));
  expect(raisePoolCommands(22)).toEqual(['SET default_pool_size = 22', 'SET max_db_connections = 22']);
});
