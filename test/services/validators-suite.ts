/** Each rendered configuration, given to the program that reads it in production: the one in our image. */
import type { BuiltImage } from '../../lab/images/build';
import type { ImageName } from '../../lab/images/catalog';
import { type ImageRunResult, runInImage } from '../../lab/images/run';
import { createAuthority, issueCertificate } from '../../lab/pki';
import { corefile } from '../../lib/services/corefile';
import { etcdFlags } from '../../lib/services/etcd';
import { haproxyCfg } from '../../lib/services/haproxy';
import { peerEnvironment } from '../../lib/services/haproxy-limits';
import {
  ETCD_DATA_MOUNT,
  GATEWAY_CONFIG_DIR,
  GATEWAY_RUN_DIR,
  GATEWAY_TLS_DIR,
  HAPROXY_FILE,
  PGBOUNCER_CONFIG_DIR,
  PGBOUNCER_DATABASES_FILE,
  PGBOUNCER_RUN_DIR,
  PGBOUNCER_USERS_FILE,
  POSTGRES_DATA_MOUNT,
  POSTGRES_SOCKET_DIR,
  TLS_DIRS,
} from '../../lib/services/paths';
import { PATRONI_CREDENTIALS_FILE, patroniConfiguration, patroniYaml } from '../../lib/services/patroni';
import { patroniCredentials } from '../../lib/services/rotation/roles';
import { initialDatabasesIni, pgbouncerIni } from '../../lib/services/pgbouncer';
import { APPLICATION_NAMESPACE, etcdHost, etcdMemberNames, homeRegion } from '../../lib/topology/derive';
import { gatewayMembers } from '../../lib/topology/gateway';
import type { Environment, Region } from '../../lib/topology/types';
import { environmentNamed } from '../k8s/fixtures';
import { postgresScript, serverFiles } from './postgres-server';

type Files = Readonly<Record<string, string>>;

const production = environmentNamed('production');
const home = homeRegion(production);
const environments = ['dev', 'staging', 'production', 'lab'].map((name) => [name, environmentNamed(name)] as const);

const hosts = (region: Region): Files => ({
  '/etc/hosts': ['127.0.0.1 localhost', ...etcdMemberNames(region).map((member) => `127.0.0.1 ${etcdHost(member)}`), ''].join('\n'),
});

const tlsFilesIn = async (...directories: readonly string[]): Promise<Files> => {
  const authority = await createAuthority('test');
  const request = {
    commonName: 'test',
    alternativeNames: ['DNS:localhost', 'DNS:*.etcd.data.svc.cluster.local'],
    usages: ['serverAuth', 'clientAuth'],
  } as const;
  const { certificate, key } = await issueCertificate(authority, request);
  return Object.fromEntries(
    directories.flatMap((directory) => [
      [`${directory}/ca.crt`, authority.certificate],
      [`${directory}/tls.crt`, certificate],
      [`${directory}/tls.key`, key],
    ]),
  );
};

/** @param images builds them, or finds them in the cache */
export const describeValidators = (images: () => Promise<Readonly<Record<ImageName, BuiltImage>>>): void => {
  let built: Readonly<Record<ImageName, BuiltImage>>;
  beforeAll(async () => {
    built = await images();
  }, 900_000);

  describe('patroni --validate-config', () => {
    // It also asks whether something listens where etcd should be.
    const withListener = `import socket, subprocess, sys
listener = socket.create_server(('127.0.0.1', 2379))
sys.exit(subprocess.call(['patroni', '--validate-config', '/etc/patroni']))`;
    const credentials = patroniCredentials({ replication: { user: 'replicator', password: 'b' }, rewind: { user: 'rewind', password: 'c' } });
    const validate = (yaml: string, region: Region): Promise<ImageRunResult> =>
      runInImage(built.patroni, ['/opt/patroni/bin/python', '-c', withListener], {
        files: { '/etc/patroni/10-patroni.yml': yaml, [`/etc/patroni/${PATRONI_CREDENTIALS_FILE}`]: credentials, ...hosts(region) },
        directories: [POSTGRES_DATA_MOUNT],
        env: {
          PATRONI_NAME: 'pg-euc1-0',
          PATRONI_POSTGRESQL_CONNECT_ADDRESS: '10.0.0.1:5432',
          PATRONI_RESTAPI_CONNECT_ADDRESS: '10.0.0.1:8008',
          PATRONI_SUPERUSER_PASSWORD: 'a',
        },
      });

    test.each(environments)('takes the configuration of %s without a word', async (_name, environment) => {
      const result = await validate(patroniYaml(environment, homeRegion(environment)), homeRegion(environment));
      expect(result).toEqual({ exitCode: 0, stdout: '', stderr: '' });
    });

    test.each([
      ['a lease below its floor', 'ttl: 20', 'ttl: 10', /bootstrap\.dcs\.ttl 10 didn't pass validation/],
      ['an unknown mode of client verification', 'verify_client: optional', 'verify_client: sometimes', /restapi\.verify_client/],
    ])('refuses %s', async (_what, from, to, expected) => {
      const yaml = patroniYaml(production, home);
      expect(yaml).toContain(from);
      const result = await validate(yaml.replace(from, to), home);
      expect(`${result.stdout}${result.stderr}`).toMatch(expected);
      expect(result.exitCode).not.toBe(0);
    });

    test('reads back what was written: no string became a boolean', async () => {
      const script = 'import json, sys, yaml; print(json.dumps(yaml.safe_load(open("/etc/patroni/10-patroni.yml"))))';
      const result = await runInImage(built.patroni, ['/opt/patroni/bin/python', '-c', script], {
        files: { '/etc/patroni/10-patroni.yml': patroniYaml(production, home) },
      });
      expect(JSON.parse(result.stdout)).toEqual(JSON.parse(JSON.stringify(patroniConfiguration(production, home))));
    });
  });

  describe('PostgreSQL', () => {
    const start = async (environment: Environment): Promise<ImageRunResult> =>
      runInImage(built.patroni, ['bash', '-ec', postgresScript(homeRegion(environment))], {
        files: { ...serverFiles(homeRegion(environment)), ...(await tlsFilesIn(TLS_DIRS.postgres)) },
        directories: [POSTGRES_DATA_MOUNT, POSTGRES_SOCKET_DIR, '/tmp'],
      });

    test.each(environments)('starts with the parameters and pg_hba of %s, every line applied', async (_name, environment) => {
      const result = await start(environment);
      expect(result.stdout).toMatch(
        /hba errors: 0\nsetting errors: 0\nchecksums: on\nlocale: builtin C\.UTF-8\nloopback: refused without TLS, let in with TLS\n$/,
      );
      expect(result.exitCode).toBe(0);
    });

    test('refuses a parameter that has no such value', async () => {
      const regions = production.regions.map((r) => ({ ...r, postgres: { ...r.postgres, parameters: { work_mem: 'lots' } } }));
      const result = await start({ ...production, regions });
      expect(`${result.stdout}${result.stderr}`).toMatch(/invalid value for parameter "work_mem": "lots"/);
      expect(result.exitCode).not.toBe(0);
    });
  });

  describe('PgBouncer', () => {
    const start = async (ini: string, region: Region): Promise<string> => {
      const files = {
        [`${PGBOUNCER_CONFIG_DIR}/pgbouncer.ini`]: ini,
        [PGBOUNCER_DATABASES_FILE]: initialDatabasesIni(region),
        [PGBOUNCER_USERS_FILE]: '"app" "secret"\n',
        ...(await tlsFilesIn(TLS_DIRS.pgbouncer, TLS_DIRS.postgresCa)),
      };
      const argv = ['timeout', '1', 'pgbouncer', `${PGBOUNCER_CONFIG_DIR}/pgbouncer.ini`];
      const { exitCode, stdout, stderr } = await runInImage(built.pgbouncer, argv, { files, directories: [PGBOUNCER_RUN_DIR] });
      return `${stdout}${stderr}exit ${exitCode}`;
    };

    test.each(environments)('starts with the configuration of %s, and complains about nothing', async (_name, environment) => {
      const log = await start(pgbouncerIni(homeRegion(environment)), homeRegion(environment));
      expect(log).toMatch(/process up: PgBouncer 1\./);
      expect(log).toMatch(/listening on unix:\/run\/pgbouncer\/\.s\.PGSQL\.6432/);
      expect(log).not.toMatch(/ERROR|FATAL|WARNING/);
      // `timeout` ended it: it was still running.
      expect(log).toMatch(/exit 124$/);
    });

    test('refuses a setting that it does not have', async () => {
      expect(await start(pgbouncerIni(home).replace('server_fast_close', 'server_fast_clos'), home)).toMatch(
        /unknown parameter: pgbouncer\/server_fast_clos[^]*exit 1$/,
      );
    });
  });

  describe('etcd', () => {
    /** The rendered flags for a cluster of one, so that it can become ready alone. */
    const alone = (region: Region): Region => ({ ...region, etcd: { ...region.etcd, members: 1 } });
    const quoted = (flags: readonly string[]): string => flags.map((flag) => `'${flag}'`).join(' ');
    const ask = (path: string): string =>
      `exec 3<>/dev/tcp/127.0.0.1/2381; printf 'GET ${path} HTTP/1.0\\r\\n\\r\\n' >&3; echo "${path} $(head -n 1 <&3)"; exec 3>&-`;
    const start = async (environment: Environment, change: (flags: string) => string = (flags) => flags): Promise<ImageRunResult> => {
      const region = alone(homeRegion(environment));
      const flags = change(quoted(etcdFlags(environment, region, 'etcd-0')));
      const client = `--endpoints=https://localhost:2379 --cacert=${TLS_DIRS.etcdServer}/ca.crt --cert=${TLS_DIRS.etcdServer}/tls.crt --key=${TLS_DIRS.etcdServer}/tls.key`;
      const script = `etcd ${flags} & pid=$!
for i in $(seq 100); do [ -n "$(jobs -rp)" ] || exit 3; etcdctl ${client} put /a b >/dev/null 2>&1 && break; sleep 0.1; done
etcdctl ${client} get /a --print-value-only
etcdctl --endpoints=https://localhost:2379 --insecure-skip-tls-verify --dial-timeout=1s --command-timeout=1s get /a 2>/dev/null || echo 'no certificate: refused'
${ask('/readyz')}
${ask('/livez')}
kill $pid; wait $pid || true`;
      return runInImage(built.etcd, ['bash', '-c', script], {
        files: { ...hosts(region), ...(await tlsFilesIn(TLS_DIRS.etcdServer, TLS_DIRS.etcdPeer)) },
        directories: [ETCD_DATA_MOUNT],
      });
    };

    test.each(environments)('starts with the flags of %s, refuses a client without a certificate, and answers its probes', async (_name, environment) => {
      const result = await start(environment);
      expect(result.stdout).toBe('b\nno certificate: refused\n/readyz HTTP/1.0 200 OK\r\n/livez HTTP/1.0 200 OK\r\n');
    });

    test('refuses a flag that it does not have', async () => {
      const result = await start(production, (flags) => flags.replace('--pre-vote', '--pre-voting'));
      expect(result.stderr).toMatch(/flag provided but not defined: -pre-voting/);
    });
  });

  describe('HAProxy', () => {
    const withGateway = environmentNamed('lab-workloads');
    const check = async (text: string): Promise<ImageRunResult> => {
      const region = homeRegion(withGateway);
      const [own, ...others] = gatewayMembers(region);
      if (own === undefined) throw new Error('a gateway is needed');
      const named = others.map(({ name }) => `127.0.0.1 ${name}.${APPLICATION_NAMESPACE}.svc.cluster.local`);
      return runInImage(built.gateway, ['haproxy', '-c', '-V', '-f', `${GATEWAY_CONFIG_DIR}/${HAPROXY_FILE}`], {
        files: {
          [`${GATEWAY_CONFIG_DIR}/${HAPROXY_FILE}`]: text,
          '/etc/resolv.conf': 'nameserver 127.0.0.1\n',
          '/etc/hosts': ['127.0.0.1 localhost', ...named, ''].join('\n'),
          ...(await tlsFilesIn(GATEWAY_TLS_DIR)),
        },
        directories: [GATEWAY_RUN_DIR],
        env: peerEnvironment(own, [own, ...others]),
      });
    };
    const cfg = haproxyCfg(withGateway, homeRegion(withGateway));

    test('takes the gateway’s configuration without a warning', async () => {
      const { exitCode, stdout, stderr } = await check(cfg);
      expect(`${stdout}${stderr}`).toMatch(/Configuration file is valid/);
      expect(`${stdout}${stderr}`).not.toMatch(/WARNING|ALERT/);
      expect(exitCode).toBe(0);
    });

    test.each([
      ['a keyword that it does not have', 'option redispatch', 'option redispach', /unknown option 'redispach'/],
      [
        'a table that is not there',
        'table_http_req_rate(gateways/gateway-b)',
        'table_http_req_rate(gateways/gateway-x)',
        /unable to find table 'gateways\/gateway-x'/,
      ],
      ['a backend that is not there', 'use_backend workload-backend', 'use_backend workload-other', /workload-other/],
    ])('refuses %s', async (_what, from, to, expected) => {
      expect(cfg).toContain(from);
      const { exitCode, stdout, stderr } = await check(cfg.replace(from, to));
      expect(`${stdout}${stderr}`).toMatch(expected);
      expect(exitCode).not.toBe(0);
    });
  });

  describe('CoreDNS', () => {
    const start = async (text: string): Promise<string> => {
      const account = '/var/run/secrets/kubernetes.io/serviceaccount';
      const authority = await createAuthority('test');
      const { stdout, stderr } = await runInImage(built.coredns, ['/usr/bin/coredns', '-conf', '/etc/coredns/Corefile'], {
        files: {
          '/etc/coredns/Corefile': text,
          '/etc/resolv.conf': 'nameserver 192.0.2.1\n',
          [`${account}/token`]: 'x',
          [`${account}/ca.crt`]: authority.certificate,
        },
        env: { KUBERNETES_SERVICE_HOST: '127.0.0.1', KUBERNETES_SERVICE_PORT: '6443' },
        timeoutSeconds: 15,
      });
      return `${stdout}${stderr}`;
    };

    test('serves the cluster’s names and all others, though the API server is away', async () => {
      const log = await start(corefile());
      expect(log).toMatch(/^cluster\.local\.:5353$/m);
      expect(log).toMatch(/^\.:5353$/m);
      expect(log).toMatch(/^CoreDNS-1\./m);
    }, 60_000);

    test('refuses a plugin option that it does not have', async () => {
      expect(await start(corefile().replace('serve_stale 1h', 'serve_stale sometimes'))).toMatch(/serve_stale|sometimes/);
    }, 60_000);
  });
};
