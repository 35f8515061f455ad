import { databasesIni, databasesIniFor, initialDatabasesIni, pgbouncerIni } from '../../lib/services/pgbouncer';
import { homeRegion } from '../../lib/topology/derive';
import { environmentNamed } from '../k8s/fixtures';

const home = homeRegion(environmentNamed('production'));
const settings = Object.fromEntries(
  pgbouncerIni(home)
    .split('\n')
    .map((line) => line.split(' = '))
    .filter((pair): pair is [string, string] => pair.length === 2),
);

test('the pools are the model’s, and no user goes beyond them', () => {
  const size = String(home.pooler.poolSize);
  expect(settings).toMatchObject({ pool_mode: 'transaction', default_pool_size: size, max_db_connections: size });
  expect(settings['max_client_conn']).toBe(String(home.pooler.maxClientConnections));
});

test('a new primary is used at once: none of PgBouncer’s own waits is left', () => {
  expect(settings).toMatchObject({
    server_login_retry: '0.2',
    server_connect_timeout: '1',
    server_fast_close: '1',
    server_check_delay: '0',
    query_wait_timeout: '10',
    tcp_user_timeout: '3000',
  });
});

test('clients need TLS and SCRAM; servers must show a certificate of ours', () => {
  expect(settings).toMatchObject({
    auth_type: 'scram-sha-256',
    client_tls_sslmode: 'require',
    server_tls_sslmode: 'verify-ca',
    server_tls_ca_file: '/tls/postgres-ca/ca.crt',
  });
});

test('the database line is in a file of its own, read first', () => {
  expect(pgbouncerIni(home).split('\n')[0]).toBe('%include /run/pgbouncer/databases.ini');
  expect(pgbouncerIni(home)).not.toContain('[databases]');
});

test('the database line names the primary by address', () => {
  expect(databasesIni('10.10.0.7', 5432, home)).toBe('[databases]\napp = host=10.10.0.7 port=5432 dbname=app\n');
  expect(databasesIniFor('10.10.0.7', 5432, 'app')).toBe(databasesIni('10.10.0.7', 5432, home));
});

test('before the leader is known no query can reach a server', () => expect(initialDatabasesIni(home)).toContain('host=127.0.0.1 port=1 '));
