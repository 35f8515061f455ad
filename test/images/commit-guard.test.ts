import { buildImages, type BuiltImage } from '../../lab/images/build';
import { runInImage } from '../../lab/images/run';
import { describeIf, imageTools } from '../support/requires';

const BUILD_MILLISECONDS = 15 * 60_000;
const DATA = '/var/lib/postgresql/data/pgdata';

/** A new server with the guard, a role `app`, a table; then each statement in a session of its own, its outcome in one line. */
const server = (statements: readonly { user: string; sql: string }[]): string => `
set -e
initdb -D ${DATA} -U postgres --auth=trust >/dev/null
pg_ctl -D ${DATA} -s -w -l /tmp/server.log -o "-c shared_preload_libraries=holdfast_commit_guard -c listen_addresses='' -c unix_socket_directories=/run/postgresql" start
psql -h /run/postgresql -U postgres -qXc 'CREATE ROLE app LOGIN' -c 'CREATE TABLE t (id serial PRIMARY KEY, note text)' -c 'GRANT ALL ON t, t_id_seq TO app' -c "CREATE FUNCTION elevated() RETURNS void SECURITY DEFINER LANGUAGE sql AS 'INSERT INTO t DEFAULT VALUES'"
${statements.map(({ user, sql }) => `psql -h /run/postgresql -U ${user} -d postgres -AqtX -v ON_ERROR_STOP=1 2>&1 <<'SQL' | tr '\\n' ' ' || true\n${sql}\nSQL\necho`).join('\n')}
pg_ctl -D ${DATA} -s -m fast stop
`;

const refused = /ERROR: {2}commit refused: synchronous_commit = (off|local|remote_write) does not wait/;

describeIf(imageTools, 'holdfast_commit_guard in a running PostgreSQL', () => {
  let patroni: BuiltImage;
  beforeAll(async () => {
    patroni = (await buildImages({ progress: () => undefined })).patroni;
  }, BUILD_MILLISECONDS);

  const outcomes = async (statements: readonly { user: string; sql: string }[]): Promise<string[]> => {
    const { exitCode, stdout, stderr } = await runInImage(patroni, ['bash', '-c', server(statements)]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    return stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.trim());
  };

  test('refuses what a failover would lose, allows what it would not', async () => {
    const insert = "INSERT INTO t DEFAULT VALUES RETURNING 'row';";
    const [off, local, remoteWrite, on, remoteApply, read, superuser, hidden, definer, multi, prepared, rows] = await outcomes([
      { user: 'app', sql: `SET synchronous_commit = off; ${insert}` },
      { user: 'app', sql: `SET synchronous_commit = local; ${insert}` },
      { user: 'app', sql: `SET synchronous_commit = remote_write; ${insert}` },
      { user: 'app', sql: `SET synchronous_commit = on; ${insert}` },
      { user: 'app', sql: `SET synchronous_commit = remote_apply; ${insert}` },
      { user: 'app', sql: 'SET synchronous_commit = local; SELECT count(*) FROM t;' },
      { user: 'postgres', sql: `SET synchronous_commit = local; ${insert}` },
      { user: 'app', sql: `BEGIN; ${insert} SET LOCAL synchronous_commit = off; COMMIT;` },
      { user: 'app', sql: 'SET synchronous_commit = off; SELECT elevated();' },
      { user: 'app', sql: `BEGIN; SET LOCAL synchronous_commit = off; ${insert} ROLLBACK; SELECT 'rolled back';` },
      { user: 'app', sql: "SET synchronous_commit = off; UPDATE t SET note = 'x'; SELECT 'unreached';" },
      { user: 'postgres', sql: 'SELECT count(*), count(note) FROM t;' },
    ]);
    for (const outcome of [off, local, remoteWrite, hidden, definer, prepared]) expect(outcome).toMatch(refused);
    expect(local).toContain('HINT:  Use synchronous_commit = on (the default) or remote_apply');
    expect([on, remoteApply, superuser]).toEqual(['row', 'row', 'row']);
    expect(read).toBe('2');
    expect(multi).toBe('row rolled back');
    // the rows of on, remote_apply and the superuser, and not one of the refused
    expect(rows).toBe('3|0');
  }, 120_000);

  test('is silent without shared_preload_libraries, and cannot be loaded later', async () => {
    const { stdout } = await runInImage(patroni, [
      'bash',
      '-c',
      `initdb -D ${DATA} --auth=trust >/dev/null; echo "LOAD 'holdfast_commit_guard'" | postgres --single -D ${DATA} postgres 2>&1`,
    ]);
    expect(stdout).toContain('holdfast_commit_guard must be loaded via shared_preload_libraries');
  }, 120_000);
});
