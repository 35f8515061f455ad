import { buildImages, type BuiltImage } from '../../lab/images/build';
import type { ImageName } from '../../lab/images/catalog';
import { runInImage, type ImageRunOptions } from '../../lab/images/run';
import { describeIf, imageTools } from '../support/requires';

const BUILD_MILLISECONDS = 15 * 60_000;

interface Sbom {
  readonly spdxVersion: string;
  readonly packages: readonly {
    readonly name: string;
    readonly versionInfo: string;
    readonly externalRefs: readonly { readonly referenceLocator: string }[];
  }[];
}

describeIf(imageTools, 'the programs of the images', () => {
  let images: Readonly<Record<ImageName, BuiltImage>>;
  beforeAll(async () => {
    images = await buildImages({ progress: () => undefined });
  }, BUILD_MILLISECONDS);

  const sh = async (image: ImageName, script: string, options?: ImageRunOptions): Promise<string> => {
    const { exitCode, stdout, stderr } = await runInImage(images[image], ['bash', '-c', script], options);
    if (exitCode !== 0) throw new Error(`exit ${exitCode}: ${stderr}${stdout}`);
    return stdout;
  };

  test.each<[ImageName, string, RegExp]>([
    ['etcd', 'etcd --version; etcdctl version', /etcd Version: 3\.5\..*etcdctl version: 3\.5\./s],
    ['patroni', 'patroni --version; postgres --version', /patroni 4\.1\.5.*\(PostgreSQL\) 17\./s],
    ['pgbouncer', 'pgbouncer --version', /PgBouncer 1\.24\./],
    ['agent', 'node --version', /v20\./],
    ['backend', 'node --version', /v20\./],
    ['valkey', 'cache-server --version; cache-cli --version', /Valkey server v=8\.1\..*valkey-cli 8\.1\./s],
    ['redis', 'cache-server --version; cache-cli --version', /Redis server v=8\.0\..*redis-cli 8\.0\./s],
  ])('%s has the versions that are promised', async (image, command, expected) => {
    expect(await sh(image, command)).toMatch(expected);
  });

  test.each<ImageName>(['etcd', 'patroni', 'pgbouncer', 'agent', 'valkey', 'redis', 'backend'])(
    '%s runs as user 999, misses no library, and keeps no package lists',
    async (image) => {
      expect(await sh(image, 'id -u; id -g')).toBe('999\n999\n');
      expect(
        await sh(
          image,
          'find /usr/bin /usr/sbin /usr/lib/postgresql /opt -type f \\( -perm -u+x -o -name "*.so*" \\) -exec ldd {} + 2>/dev/null | grep "not found" || true',
        ),
      ).toBe('');
      expect(await sh(image, 'ls /var/lib/apt/lists')).toBe('');
    },
  );

  test('a cluster that is made in the image of PostgreSQL notices dead connections, without Patroni knowing of it', async () => {
    const script = `initdb -U postgres --auth trust -D /tmp/data >/dev/null && pg_ctl -D /tmp/data -w -o "-c listen_addresses= -k /tmp" -l /tmp/log start >/dev/null
psql -h /tmp -U postgres -Atc "select name || '=' || setting from pg_file_settings where applied and sourcefile like '%connections.conf' order by 1"
pg_ctl -D /tmp/data -m immediate stop >/dev/null`;
    expect((await sh('patroni', script)).trim().split('\n')).toEqual([
      'tcp_keepalives_count=3',
      'tcp_keepalives_idle=2',
      'tcp_keepalives_interval=1',
      'tcp_user_timeout=5s',
    ]);
  }, 120_000);

  test.each<[ImageName, string]>([
    ['etcd', 'pkg:deb/debian/etcd-server@3.5.'],
    ['patroni', 'pkg:pypi/patroni@4.1.5'],
    ['patroni', 'pkg:deb/debian/postgresql-17@17.'],
    ['pgbouncer', 'pkg:deb/debian/pgbouncer@1.24.'],
    ['agent', 'pkg:deb/debian/nodejs@20.'],
    ['backend', 'pkg:deb/debian/nodejs@20.'],
    ['valkey', 'pkg:deb/debian/valkey-server@8.1.'],
    ['redis', 'pkg:deb/debian/redis-server@'],
  ])('the bill of materials of %s lists %s', async (image, purl) => {
    const sbom = JSON.parse(await sh(image, 'cat /usr/share/holdfast/sbom.spdx.json')) as Sbom;
    expect(sbom.spdxVersion).toBe('SPDX-2.3');
    expect(sbom.packages.flatMap((entry) => entry.externalRefs.map((ref) => ref.referenceLocator)).filter((locator) => locator.startsWith(purl))).toHaveLength(
      1,
    );
  });

  test('the backend starts with a heap for its limit, answers, and ends when it is told to', async () => {
    const ready = `node -e "fetch('http://127.0.0.1:8080/health/ready').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"`;
    const script = `holdfast-backend >/tmp/log & pid=$!
for i in $(seq 100); do ${ready} && break; sleep 0.1; done
tr '\\0' ' ' </proc/$pid/cmdline
kill -TERM $pid; wait $pid; echo "exit $?"; tail -n 1 /tmp/log`;
    const said = await sh('backend', script, { env: { MEMORY_LIMIT_MIB: '256' } });
    expect(said).toMatch(/^node --max-old-space-size=153 .*exit 0\n.*"signal":"SIGTERM"/s);
  });

  test('the backend leaves a report when its heap is full', async () => {
    const env = { MEMORY_LIMIT_MIB: '128', FAULTS: '1', FAULTS_INITIAL: '{"leakHeap":200}' };
    const script = 'holdfast-backend >/tmp/log 2>&1; echo "exit $?"; node -p "require(process.argv[1]).header.event" /var/lib/holdfast/reports/*.json';
    expect(await sh('backend', script, { env, timeoutSeconds: 120 })).toMatch(/exit 134\n.*heap/is);
  });

  test('etcd starts on loopback and answers', async () => {
    const script =
      'etcd --data-dir /var/lib/etcd --logger zap --log-level error & for i in $(seq 100); do etcdctl endpoint health 2>&1 && break; sleep 0.1; done; etcdctl put a b; etcdctl get a --print-value-only';
    expect(await sh('etcd', script)).toMatch(/is healthy.*OK\nb\n$/s);
  });

  test('postgres prints the configuration it understood, in pages of 8 kB', async () => {
    const script =
      'initdb -D /var/lib/postgresql/data/pgdata --auth=scram-sha-256 --pwfile=<(echo secret) >/dev/null && postgres -C shared_buffers -D /var/lib/postgresql/data/pgdata -c shared_buffers=64MB';
    expect(await sh('patroni', script)).toBe('8192\n');
  });

  test('patroni validates its configuration', async () => {
    const { exitCode, stdout, stderr } = await runInImage(images.patroni, ['patroni', '--validate-config', '/etc/patroni/patroni.yml'], {
      files: { '/etc/patroni/patroni.yml': 'scope: x\n' },
    });
    expect(exitCode).not.toBe(0);
    expect(stdout + stderr).toMatch(/restapi.*is not defined/s);
  });

  test('a run leaves nothing behind and gives up in time', async () => {
    const start = performance.now();
    const { exitCode } = await runInImage(images.etcd, ['sleep', '60'], { timeoutSeconds: 1 });
    expect(exitCode).toBeNull();
    expect(performance.now() - start).toBeLessThan(10_000);
  });
});
