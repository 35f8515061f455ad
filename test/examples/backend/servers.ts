/** A PostgreSQL behind PgBouncer and a Valkey Cluster, from this project's images, on this machine's loopback: what the backend meets when it is deployed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { chown, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { buildImages, type BuiltImage } from '../../../lab/images/build';
import { inPrivateNamespaces } from '../../../lab/images/namespaces';
import { imageRootfs } from '../../../lab/images/rootfs';
import { createAuthority, issueCertificate, type KeyPair } from '../../../lab/pki';
import { projectRoot } from '../../../lab/kubernetes/scripts';
import { usersAcl, passwordDigest } from '../../../lib/services/cache-users';
import { freePort } from '../../support/free-port';

const UID = 999;
const NODES = 6;

type Files = Readonly<Record<string, string>>;

/** A program of an image that runs until it is killed. */
class Server {
  private readonly output: string[] = [];

  private constructor(
    private readonly child: ChildProcess,
    private readonly scratch: string,
  ) {
    for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', (text: string) => this.output.push(text));
  }

  static async start(image: BuiltImage, script: string, files: Files): Promise<Server> {
    const { directory, env } = await imageRootfs(image);
    const scratch = await mkdtemp(join(tmpdir(), 'holdfast-server-'));
    await mkdir(join(scratch, 'files'));
    await writeFile(join(scratch, 'env'), [...env, ''].join('\n'));
    for (const [path, content] of Object.entries(files)) {
      const target = join(scratch, 'files', path);
      await mkdir(dirname(target), { recursive: true });
      await chown(dirname(target), UID, UID);
      await writeFile(target, content, { mode: 0o600 });
      await chown(target, UID, UID);
    }
    const program = join(projectRoot(), 'lab', 'images', 'run-in-image.sh');
    const [command = '', ...args] = inPrivateNamespaces(['sh', program, directory, scratch, 'sh', '-c', script]);
    return new Server(spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] }), scratch);
  }

  get log(): string {
    return this.output.join('');
  }

  /** To everything that runs in it: STOP is a server that is silent, CONT one that is back. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    for (const pid of descendants(this.child.pid ?? 0)) process.kill(pid, signal);
  }

  async kill(): Promise<void> {
    const ended = new Promise((resolve) => this.child.once('close', resolve));
    if (this.child.exitCode === null && this.child.kill('SIGKILL')) await ended;
    await rm(this.scratch, { recursive: true, force: true });
  }
}

const descendants = (pid: number): readonly number[] => {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  const direct = children === '' ? [] : children.split(' ').map(Number);
  return direct.flatMap((child) => [...descendants(child), child]);
};

const eventually = async (what: string, check: () => boolean | Promise<boolean>, log: () => string, seconds = 90): Promise<void> => {
  for (const end = Date.now() + seconds * 1000; Date.now() < end; await new Promise((resolve) => setTimeout(resolve, 200))) if (await check()) return;
  throw new Error(`${what}: not within ${seconds} s\n${log()}`);
};

const postgresScript = (port: number): string => `
set -eu
data=/tmp/data
initdb --no-sync -U postgres --auth trust -D $data >/dev/null
pg_ctl -D $data -w -o "-c listen_addresses='' -k /tmp" -l /tmp/log start >/dev/null
psql -h /tmp -U postgres -qc "create role app login" -c "create database app owner app"
pg_ctl -D $data -w -m fast stop >/dev/null
exec postgres -D $data -c listen_addresses=127.0.0.1 -c port=${port} -c unix_socket_directories=/tmp -c fsync=off`;

const poolerFiles = (ports: { readonly pooler: number; readonly postgres: number }, certificate: KeyPair): Files => ({
  '/conf/pgbouncer.ini': `[databases]
app = host=127.0.0.1 port=${ports.postgres} dbname=app
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${ports.pooler}
unix_socket_dir =
pool_mode = transaction
auth_type = scram-sha-256
auth_file = /conf/userlist.txt
client_tls_sslmode = require
client_tls_cert_file = /conf/tls.crt
client_tls_key_file = /conf/tls.key
client_tls_ca_file = /conf/tls.crt
server_login_retry = 0.2
`,
  '/conf/userlist.txt': '"app" "secret"\n"app_alt" "other"\n',
  '/conf/tls.crt': certificate.certificate,
  '/conf/tls.key': certificate.key,
});

const cacheScript = (
  port: number,
): string => `exec cache-server --port 0 --tls-port ${port} --cluster-port ${port + 10_000 > 65_535 ? port - 10_000 : port + 10_000} --bind 127.0.0.1 --dir /tmp \
--tls-cert-file /conf/tls.crt --tls-key-file /conf/tls.key --tls-ca-cert-file /conf/ca.crt --tls-auth-clients no --tls-replication yes --tls-cluster yes \
--cluster-enabled yes --cluster-node-timeout 2000 --cluster-announce-hostname localhost --cluster-preferred-endpoint-type hostname --cluster-require-full-coverage no \
--aclfile /conf/users.acl --masteruser replication --masterauth replication --save '' --repl-diskless-sync-delay 0`;

export interface Servers {
  /** The backend's environment variables. */
  readonly environment: Readonly<Record<string, string>>;
  readonly directory: string;
  /** Silent, as behind a cut network; and back. */
  readonly database: { away(): void; back(): void; stop(): Promise<void>; restart(): Promise<void> };
  /** Another way to the same database, as another pod has it: its port, and how it is cut. */
  readonly elsewhere: { readonly port: string; away(): void; back(): void };
  readonly cache: { away(): void; back(): void; forgetEverything(): Promise<void> };
  close(): Promise<void>;
}

export const startServers = async (): Promise<Servers> => {
  const images = await buildImages({ names: ['patroni', 'pgbouncer', 'valkey'], progress: () => undefined });
  const directory = await mkdtemp(join(tmpdir(), 'holdfast-backend-'));
  const authority = await createAuthority('test');
  const certificate = await issueCertificate(authority, {
    commonName: 'test',
    alternativeNames: ['DNS:localhost', 'IP:127.0.0.1'],
    usages: ['serverAuth', 'clientAuth'],
  });
  const ports = { postgres: await freePort(), pooler: await freePort(), other: await freePort(), cache: [] as number[] };
  while (ports.cache.length < NODES) ports.cache.push(await freePort());

  const postgres = await Server.start(images.patroni, postgresScript(ports.postgres), {});
  const startPooler = (port = ports.pooler): Promise<Server> =>
    Server.start(images.pgbouncer, 'exec pgbouncer /conf/pgbouncer.ini', poolerFiles({ ...ports, pooler: port }, certificate));
  let pooler = await startPooler();
  const other = await startPooler(ports.other);
  const users = usersAcl({
    application: [passwordDigest('secret')],
    replication: [passwordDigest('replication')],
    operator: [passwordDigest('operator')],
    synchroniser: [passwordDigest('synchroniser')],
  });
  const cacheFiles = {
    '/conf/users.acl': users,
    '/conf/tls.crt': certificate.certificate,
    '/conf/tls.key': certificate.key,
    '/conf/ca.crt': authority.certificate,
  };
  const nodes = await Promise.all(ports.cache.map((port) => Server.start(images.valkey, cacheScript(port), cacheFiles)));
  const log = (): string => [postgres, pooler, ...nodes].map((server) => server.log.slice(-800)).join('\n---\n');

  const cli = async (script: string): Promise<string> => {
    const server = await Server.start(
      images.valkey,
      `cli() { cache-cli --tls --cacert /conf/ca.crt --user operator --pass operator --no-auth-warning "$@"; }\n${script}\necho DONE`,
      cacheFiles,
    );
    try {
      await eventually(
        'the cache',
        () => server.log.includes('DONE'),
        () => server.log,
      );
      return server.log;
    } finally {
      await server.kill();
    }
  };
  const addresses = ports.cache.map((port) => `127.0.0.1:${port}`).join(' ');
  await cli(`for a in ${addresses}; do until cli -u "redis://$a" ping >/dev/null 2>&1; do sleep 0.2; done; done
cli --cluster create ${addresses} --cluster-replicas 1 --cluster-yes >/dev/null
until cli -u redis://127.0.0.1:${ports.cache[0]} cluster info | grep -q cluster_state:ok; do sleep 0.2; done`);
  await eventually('postgres', () => postgres.log.includes('ready to accept connections'), log);

  await mkdir(join(directory, 'database'));
  await mkdir(join(directory, 'cache'));
  for (const [file, content] of Object.entries({ 'database/username': 'app', 'database/password': 'secret', 'cache/password': 'secret' }))
    await writeFile(join(directory, file), `${content}\n`);
  for (const part of ['database', 'cache']) await writeFile(join(directory, part, 'ca.crt'), authority.certificate);

  const all = (signal: 'SIGSTOP' | 'SIGCONT') => (): void => nodes.forEach((node) => node.signal(signal));
  return {
    directory,
    environment: {
      DATABASE_HOST: 'localhost',
      DATABASE_PORT: String(ports.pooler),
      DATABASE_DIRECTORY: join(directory, 'database'),
      CACHE_NODES: ports.cache.map((port) => `localhost:${port}`).join(','),
      CACHE_DIRECTORY: join(directory, 'cache'),
      LIMITS_FILE: join(directory, 'limits.json'),
      SWITCHES_FILE: join(directory, 'switches.json'),
    },
    database: {
      away: () => pooler.signal('SIGSTOP'),
      back: () => pooler.signal('SIGCONT'),
      stop: () => pooler.kill(),
      restart: async () => {
        pooler = await startPooler();
      },
    },
    elsewhere: { port: String(ports.other), away: () => other.signal('SIGSTOP'), back: () => other.signal('SIGCONT') },
    cache: {
      away: all('SIGSTOP'),
      back: all('SIGCONT'),
      forgetEverything: async () => {
        await cli(`for a in ${addresses}; do cli -u "redis://$a" flushall >/dev/null 2>&1 || true; done`);
      },
    },
    close: async () => {
      all('SIGCONT')();
      await Promise.all([postgres, pooler, other, ...nodes].map((server) => server.kill()));
      await rm(directory, { recursive: true, force: true });
    },
  };
};

export { eventually };
