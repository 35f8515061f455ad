import { buildImages, type BuiltImage } from '../../lab/images/build';
import { runInImage } from '../../lab/images/run';
import { describeIf, imageTools } from '../support/requires';

const BUILD_MILLISECONDS = 15 * 60_000;
const DATA = '/var/lib/postgresql/data/pgdata';
const PASSWORD = 'it\'s "secret" \\ $HOME';

/** A new server that logs everything it is told to; then the script twice, and questions about what it left. */
const SCRIPT = `
initdb -D ${DATA} -U postgres --auth=trust >/dev/null
pg_ctl -D ${DATA} -s -w -l /tmp/server.log -o "-c log_statement=all -c log_min_duration_statement=0 -c listen_addresses='' -c unix_socket_directories=/run/postgresql" start
holdfast-post-init 'host=/run/postgresql user=postgres dbname=postgres' || exit 1
holdfast-post-init 'host=/run/postgresql user=postgres dbname=postgres' || exit 1
ask() { psql -h /run/postgresql -U postgres -AqtX -d "$1" -c "$2"; }
ask postgres "SELECT rolcanlogin, rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolpassword LIKE 'SCRAM-SHA-256$%' FROM pg_authid WHERE rolname = 'the app'"
ask postgres "SELECT pg_get_userbyid(datdba), has_database_privilege('pg_monitor', datname, 'CONNECT') FROM pg_database WHERE datname = 'App-1'"
ask App-1 "SELECT extname FROM pg_extension WHERE extname = 'amcheck'"
echo "password in the log: $(grep -c secret /tmp/server.log)"
pg_ctl -D ${DATA} -s -m fast stop
`;

const env = { HOLDFAST_DATABASE: 'App-1', HOLDFAST_APPLICATION_ROLE: 'the app', HOLDFAST_APPLICATION_PASSWORD: PASSWORD };

describeIf(imageTools, 'holdfast-post-init', () => {
  let patroni: BuiltImage;
  beforeAll(async () => {
    patroni = (await buildImages({ progress: () => undefined })).patroni;
  }, BUILD_MILLISECONDS);

  test('creates role, database and extension, twice without harm, and leaves no password in the log', async () => {
    const { stdout, stderr } = await runInImage(patroni, ['bash', '-c', SCRIPT], { env });
    expect(stderr.replace(/^NOTICE:.*(already exists, skipping|has already been granted membership.*)\n/gm, '')).toBe('');
    expect(stdout.trimEnd().split('\n')).toEqual(['t|f|f|f|f|t', 'the app|f', 'amcheck', 'password in the log: 0']);
  }, 120_000);

  test('refuses to start without its variables', async () => {
    const { exitCode, stderr } = await runInImage(patroni, ['holdfast-post-init', 'dbname=x'], { env: { HOLDFAST_DATABASE: 'x' } });
    expect(exitCode).toBe(2);
    expect(stderr).toContain('HOLDFAST_APPLICATION_ROLE');
  });
});
