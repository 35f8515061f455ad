import { buildImages, type BuiltImage } from '../../lab/images/build';
import { runInImage } from '../../lab/images/run';
import { describeIf, imageTools } from '../support/requires';

const BUILD_MILLISECONDS = 15 * 60_000;
const DATA = '/var/lib/postgresql/data';

/** As much of etcd's gateway as answers one question: this region follows the one that b leads, in epoch 2. */
const ETCD = `
import http.server, json, ssl
from base64 import b64encode
value = json.dumps({'standby_cluster': {'host': '/run/postgresql', 'port': 5502}, 'holdfast': {'epoch': 2}}).encode()
class Gateway(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.dumps({'kvs': [{'value': b64encode(value).decode()}]}).encode()
        self.send_response(200); self.send_header('Content-Length', str(len(body))); self.end_headers(); self.wfile.write(body)
    def log_message(self, *_): pass
server = http.server.HTTPServer(('127.0.0.1', 2379), Gateway)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER); context.load_cert_chain('/tmp/crt', '/tmp/key')
server.socket = context.wrap_socket(server.socket, server_side=True); server.serve_forever()
`;

/** a: primary; b follows it. Cut off: b is promoted, a goes on, and is then demoted where it stands, as Patroni does it; its rewind is ours. */
const SCRIPT = `
set -e
export PATRONI_REPLICATION_USERNAME=postgres PATRONI_REPLICATION_PASSWORD=unused
openssl req -x509 -newkey rsa:2048 -nodes -keyout /tmp/key -out /tmp/crt -days 1 -subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1 2>/dev/null
cat >/tmp/etcd.py <<'PY'${ETCD}PY
/opt/patroni/bin/python /tmp/etcd.py & etcd=$!
cat >/tmp/guard.json <<'JSON'
{"etcd": {"ca": "/tmp/crt", "cert": "/tmp/crt", "key": "/tmp/key", "endpoints": ["https://localhost:2379"]}, "regions": {"configKey": "k", "self": "eu-central-1"}, "patroniCa": "/tmp/crt"}
JSON
sockets="-c listen_addresses='' -c unix_socket_directories=/run/postgresql -c wal_keep_size=64"
start() { pg_ctl -D ${DATA}/$1 -s -w -l /tmp/$1.log -o "$sockets -c port=$2" start; }
ask() { psql -h /run/postgresql -p $1 -U postgres -AqtXc "$2"; }
initdb -k -D ${DATA}/a -U postgres --auth=trust >/dev/null
start a 5501
ask 5501 'CREATE TABLE orders (id int PRIMARY KEY, note text)' -q
ask 5501 "INSERT INTO orders VALUES (1, 'both')"
pg_basebackup -h /run/postgresql -p 5501 -U postgres -D ${DATA}/b -R -c fast
start b 5502
pg_ctl -D ${DATA}/b -s promote
ask 5501 "INSERT INTO orders SELECT n, 'lost' FROM generate_series(2, 4) n"
ask 5502 "INSERT INTO orders VALUES (9, 'kept')"
ask 5502 CHECKPOINT
pg_ctl -D ${DATA}/a -s -m fast stop
touch ${DATA}/a/standby.signal
export PGDATA=${DATA}/a POD_NAME=pg-euc1-0 HOLDFAST_DATABASE=postgres HOLDFAST_LOST_ROWS=/tmp/guard.json HOLDFAST_RECONCILIATION=/tmp/kept
mkdir -p /tmp/kept
holdfast-rewind --help >/dev/null && echo "asked for help: $(ls /tmp/kept | wc -l) files"
holdfast-rewind -D ${DATA}/a --source-server 'host=/run/postgresql port=5502 user=postgres dbname=postgres' 2>/tmp/rewind.log || { cat /tmp/rewind.log; exit 1; }
head -1 /tmp/kept/epoch-2-pg-euc1-0.jsonl | /opt/patroni/bin/python -c "import json, sys; a = json.load(sys.stdin); print('about:', a['epoch'], a['member'], a['timeline'], a['rows'])"
tail -n +2 /tmp/kept/epoch-2-pg-euc1-0.jsonl | /opt/patroni/bin/python -c "import json, sys; print('rows:', sorted(json.loads(l)['row']['id'] for l in sys.stdin))"
rm -f ${DATA}/a/standby.signal; touch ${DATA}/a/standby.signal; echo "primary_conninfo = 'host=/run/postgresql port=5502 user=postgres'" >>${DATA}/a/postgresql.auto.conf
start a 5501
n=0; until [ "$(ask 5501 'SELECT max(id) FROM orders')" = 9 ] || [ $n = 100 ]; do n=$((n + 1)); sleep 0.1; done
echo "afterwards: $(ask 5501 "SELECT string_agg(id::text, ' ' ORDER BY id) FROM orders")"
kill $etcd
for server in a b; do pg_ctl -D ${DATA}/$server -s -m fast stop; done
`;

describeIf(imageTools, 'holdfast-rewind', () => {
  let patroni: BuiltImage;
  beforeAll(async () => {
    patroni = (await buildImages({ progress: () => undefined })).patroni;
  }, BUILD_MILLISECONDS);

  test('a member that was demoted while it ran writes down the rows that it alone has, and is rewound', async () => {
    const { stdout, stderr, exitCode } = await runInImage(patroni, ['bash', '-c', SCRIPT]);
    expect({ lines: stdout.trimEnd().split('\n'), exitCode, stderr: exitCode === 0 ? '' : stderr }).toEqual({
      lines: ['asked for help: 0 files', "about: 2 pg-euc1-0 1 {'orders': 3}", 'rows: [2, 3, 4]', 'afterwards: 1 9'],
      exitCode: 0,
      stderr: '',
    });
  }, 240_000);
});
