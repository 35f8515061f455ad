import { buildImages, type BuiltImage } from '../../lab/images/build';
import { runInImage } from '../../lab/images/run';
import { describeIf, imageTools } from '../support/requires';

const BUILD_MILLISECONDS = 15 * 60_000;
const DATA = '/var/lib/postgresql/data/pgdata';
const LEASE = '/run/postgresql/holdfast-lease';

/** A server whose commits need a lease (unless `leaseFile` is empty), a role `app`, a table, and shell functions to play the keeper. */
const server = (script: string, leaseFile = LEASE): string => `
set -e
# lease SECONDS [BOOT-ID]: as the keeper writes it, with a deadline so many seconds from now (/proc/uptime is CLOCK_BOOTTIME)
lease() {
  awk -v s="$1" -v b="\${2:-$(cat /proc/sys/kernel/random/boot_id)}" '{ printf "%020.0f %s\\n", ($1 + s) * 1e9, b }' /proc/uptime >${LEASE}.new
  mv ${LEASE}.new ${LEASE}
}
sql() { psql -h /run/postgresql -U "$1" -d postgres -AqtX -v ON_ERROR_STOP=1 -v VERBOSITY=verbose -c "$2" 2>&1 | tr '\\n' ' '; echo; }
insert() { sql app "INSERT INTO t DEFAULT VALUES RETURNING 'row'"; }
initdb -D ${DATA} -U postgres --auth=trust >/dev/null
pg_ctl -D ${DATA} -s -w -l /tmp/server.log -o "-c shared_preload_libraries=holdfast_commit_guard -c holdfast_commit_guard.lease_file=${leaseFile} -c listen_addresses='' -c unix_socket_directories=/run/postgresql" start
psql -h /run/postgresql -U postgres -qXc 'CREATE ROLE app LOGIN' -c 'CREATE TABLE t (id serial PRIMARY KEY)' -c 'GRANT ALL ON t, t_id_seq TO app'
${script}
pg_ctl -D ${DATA} -s -m fast stop
`;

describeIf(imageTools, 'the lease in holdfast_commit_guard, in a running PostgreSQL', () => {
  let patroni: BuiltImage;
  beforeAll(async () => {
    patroni = (await buildImages({ progress: () => undefined })).patroni;
  }, BUILD_MILLISECONDS);

  const outcomes = async (script: string, leaseFile?: string): Promise<string[]> => {
    const { exitCode, stdout, stderr } = await runInImage(patroni, ['bash', '-c', server(script, leaseFile)]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    return stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.trim());
  };

  test('a commit within the lease is made; after it, and without one, it is refused as by a server that takes no writes', async () => {
    const [good, passed, missing, torn, wrong, otherBoot, again, rows] = await outcomes(`
lease 60; insert
lease -2; insert
rm ${LEASE}; insert
printf '00000000' >${LEASE}; insert
lease 60 'not-a-boot-id'; insert
lease 60 00000000-0000-0000-0000-000000000000; insert
lease 60; insert
sql postgres 'SELECT count(*) FROM t'`);
    expect(good).toBe('row');
    expect(passed).toMatch(/ERROR: {2}25006: commit refused: this region's lease passed [23]\.\d{3} s ago/);
    expect(passed).toContain('DETAIL:  Another region may take writes by now.');
    expect(missing).toContain('25006: commit refused: this region has no lease');
    expect(torn).toContain("25006: commit refused: the file with this region's lease is damaged");
    expect(wrong).toContain('is damaged');
    expect(otherBoot).toContain("25006: commit refused: this region's lease is of another start of this machine");
    expect(again).toBe('row');
    expect(rows).toBe('2');
  }, 120_000);

  test('the deadline counts at the commit, not at the beginning of the transaction, and superusers and readers need none', async () => {
    const [late, superuser, read, rows] = await outcomes(`
lease 1; sql app "BEGIN; INSERT INTO t DEFAULT VALUES; SELECT pg_sleep(1.2); COMMIT"
sql postgres "INSERT INTO t DEFAULT VALUES RETURNING 'row'"
sql app "SELECT count(*) FROM t"
sql postgres 'SELECT count(*) FROM t'`);
    expect(late).toContain("commit refused: this region's lease passed 0.");
    expect([superuser, read, rows]).toEqual(['row', '1', '1']);
  }, 120_000);

  test('a session that was frozen, and wakes after the deadline, commits nothing', async () => {
    const [frozen, rows] = await outcomes(`
lease 3
sql app "BEGIN; INSERT INTO t DEFAULT VALUES; SELECT 'pid ' || pg_backend_pid() FROM pg_sleep(1); COMMIT; SELECT 'acknowledged'" >/tmp/frozen &
sleep 0.4
pid=$(psql -h /run/postgresql -U postgres -AqtXc "SELECT pid FROM pg_stat_activity WHERE usename = 'app'")
kill -STOP "$pid"; sleep 3.2; kill -CONT "$pid"; wait %1
cat /tmp/frozen
sql postgres 'SELECT count(*) FROM t'`);
    expect(frozen).toContain("commit refused: this region's lease passed");
    expect(rows).toBe('0');
  }, 120_000);

  test('a commit that its standby confirms only after the deadline is not acknowledged, and the server goes on', async () => {
    const [waiting, log, rows, next] = await outcomes(`
psql -h /run/postgresql -U postgres -qXc "ALTER SYSTEM SET synchronous_standby_names = 'nobody'" -c 'SELECT pg_reload_conf()' >/dev/null
lease 2; insert >/tmp/waiting &
sleep 2.5
psql -h /run/postgresql -U postgres -qXc "ALTER SYSTEM SET synchronous_standby_names = ''" -c 'SELECT pg_reload_conf()' >/dev/null
wait %1; cat /tmp/waiting
grep -c 'commit not acknowledged, session ended: this region.s lease passed' /tmp/server.log
sql postgres 'SELECT count(*) FROM t'
lease 60; insert`);
    expect(waiting).toContain('server closed the connection unexpectedly');
    expect(waiting).not.toContain('row');
    expect([log, rows, next]).toEqual(['1', '1', 'row']);
  }, 120_000);

  test('a file that is replaced all the time is never read in halves', async () => {
    const [refused, committed] = await outcomes(`
lease 60
( for n in $(seq 200); do cp ${LEASE} ${LEASE}.new && mv ${LEASE}.new ${LEASE}; done; touch /tmp/replaced ) &
echo 'INSERT INTO t DEFAULT VALUES;' >/tmp/insert.sql
# a session for each commit: none remembers what it has read
while [ ! -e /tmp/replaced ]; do pgbench -h /run/postgresql -U app -d postgres -n -C -c 2 -t 20 -f /tmp/insert.sql >>/tmp/bench 2>&1; done
grep -c 'commit refused' /tmp/bench || true
sql postgres 'SELECT count(*) >= 40 FROM t'`);
    expect([refused, committed]).toEqual(['0', 't']);
  }, 300_000);

  test('without the setting nothing is refused: what the tests above refuse would have been committed', async () => {
    const [passed, missing, rows] = await outcomes(`lease -2; insert\nrm ${LEASE}; insert\nsql postgres 'SELECT count(*) FROM t'`, '');
    expect([passed, missing, rows]).toEqual(['row', 'row', '2']);
  }, 120_000);

  test('no session can turn it off', async () => {
    const [set, role] = await outcomes(`
lease 60
sql app "SET holdfast_commit_guard.lease_file = ''"
sql postgres "ALTER ROLE app SET holdfast_commit_guard.lease_file = ''"`);
    expect(set).toMatch(/55P02: parameter "holdfast_commit_guard.lease_file" cannot be changed/);
    expect(role).toMatch(/55P02: parameter "holdfast_commit_guard.lease_file" cannot be changed/);
  }, 120_000);
});
