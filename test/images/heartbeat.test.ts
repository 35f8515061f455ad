import { buildImages, type BuiltImage } from '../../lab/images/build';
import { runInImage } from '../../lab/images/run';
import { describeIf, imageTools } from '../support/requires';

const BUILD_MILLISECONDS = 15 * 60_000;
const DATA = '/var/lib/postgresql/data';

/** a: primary; b follows a; c follows b. a ends, b is promoted: c is on the second timeline, and its control file on the first. */
const SCRIPT = `
set -e
sockets="-c listen_addresses='' -c unix_socket_directories=/run/postgresql -c wal_receiver_timeout=5s"
start() { pg_ctl -D ${DATA}/$1 -s -w -l /tmp/$1.log -o "$sockets -c port=$2" start; }
ask() { psql -h /run/postgresql -p $1 -U postgres -AqtXc "$2"; }
initdb -D ${DATA}/a -U postgres --auth=trust >/dev/null
start a 5501
for copy in "b 5501 5502" "c 5502 5503"; do
  set -- $copy
  pg_basebackup -h /run/postgresql -p $2 -U postgres -D ${DATA}/$1 -R -c fast
  start $1 $3
done
pg_ctl -D ${DATA}/a -s -m fast stop
pg_ctl -D ${DATA}/b -s promote
ask 5502 CHECKPOINT
until [ "$(ask 5503 'SELECT received_tli FROM pg_stat_wal_receiver')" = 2 ]; do sleep 0.1; done
control() { ask 5503 'SELECT timeline_id FROM pg_control_checkpoint()'; }
echo "before: $(control)"
PGPORT=5503 holdfast-heartbeat &
n=0; until [ "$(control)" = 2 ] || [ $n = 150 ]; do n=$((n + 1)); sleep 0.1; done
echo "with the heartbeat: $(control)"
kill %1
for server in c b; do pg_ctl -D ${DATA}/$server -s -m fast stop; done
`;

const env = {
  HOLDFAST_HEARTBEAT: '0.2',
  HOLDFAST_REGION: 'us-east-1',
  HOLDFAST_DATABASE: 'postgres',
  HOLDFAST_APPLICATION_ROLE: 'postgres',
  PATRONI_SUPERUSER_USERNAME: 'postgres',
  PATRONI_SUPERUSER_PASSWORD: 'unused',
};

describeIf(imageTools, 'holdfast-heartbeat beside a standby', () => {
  let patroni: BuiltImage;
  beforeAll(async () => {
    patroni = (await buildImages({ progress: () => undefined })).patroni;
  }, BUILD_MILLISECONDS);

  test('a standby that follows a new timeline says so in its control file: Patroni reads it when the stream has ended', async () => {
    const { stdout, exitCode } = await runInImage(patroni, ['bash', '-c', SCRIPT], { env });
    expect(stdout.trimEnd().split('\n')).toEqual(['before: 1', 'with the heartbeat: 2']);
    expect(exitCode).toBe(0);
  }, 120_000);
});
