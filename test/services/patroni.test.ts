import { parse } from 'yaml';
import { dynamicConfiguration, patroniConfiguration, patroniYaml } from '../../lib/services/patroni';
import { clusterWideParameters, memberParameters } from '../../lib/services/postgresql-parameters';
import { homeRegion } from '../../lib/topology/derive';
import { RESERVED_PARAMETERS } from '../../lib/topology/reserved-parameters';
import type { Postgres, Region } from '../../lib/topology/types';
import { at, environmentNamed } from '../k8s/fixtures';

const environment = environmentNamed('production');
const home = homeRegion(environment);
const withPostgres = (change: Partial<Postgres>): Region => ({ ...home, postgres: { ...home.postgres, ...change } });
const configuration = patroniConfiguration(environment, home);

describe('the dynamic configuration', () => {
  test('has the timings of the model', () => {
    expect(dynamicConfiguration(environment, home)).toMatchObject({
      ttl: 20,
      loop_wait: 1,
      retry_timeout: 3,
      primary_start_timeout: 0,
      maximum_lag_on_failover: 1_048_576,
    });
  });

  test('waits for every standby in strict mode, so that none is ahead of the one that is promoted, and for none otherwise', () => {
    expect(dynamicConfiguration(environment, home)).toMatchObject({ synchronous_mode: true, synchronous_mode_strict: true, synchronous_node_count: 2 });
    expect(dynamicConfiguration(environment, withPostgres({ synchronousMode: 'asynchronous' }))).toMatchObject({
      synchronous_mode: false,
      synchronous_mode_strict: false,
    });
  });

  test('goes on without etcd while all members answer, and rebuilds a member that can’t follow', () => {
    expect(dynamicConfiguration(environment, home)).toMatchObject({
      failsafe_mode: true,
      postgresql: { use_pg_rewind: true, use_slots: true, remove_data_directory_on_rewind_failure: true, remove_data_directory_on_diverged_timelines: true },
    });
  });

  test('carries the parameters that Patroni takes from there only, and no others', () => {
    // CMDLINE_OPTIONS in patroni/postgresql/config.py, but those that Patroni sets by itself.
    const fromDynamicConfigurationOnly = [
      'hot_standby',
      'max_connections',
      'max_locks_per_transaction',
      'max_prepared_transactions',
      'max_replication_slots',
      'max_wal_senders',
      'max_worker_processes',
      'track_commit_timestamp',
      'wal_keep_size',
      'wal_level',
      'wal_log_hints',
    ];
    expect(Object.keys(clusterWideParameters(home)).toSorted()).toEqual(fromDynamicConfigurationOnly);
    expect(Object.keys(memberParameters(environment, home)).filter((name) => fromDynamicConfigurationOnly.includes(name))).toEqual([]);
    expect(at(dynamicConfiguration(environment, home), 'postgresql.parameters.max_connections')).toBe(home.postgres.maxConnections);
  });
});

describe('a member', () => {
  test('reaches etcd over TLS with its certificate', () => {
    expect(configuration['etcd3']).toEqual({
      hosts: [0, 1, 2].map((i) => `etcd-${i}.etcd.data.svc.cluster.local:2379`),
      protocol: 'https',
      cacert: '/tls/etcd/ca.crt',
      cert: '/tls/etcd/tls.crt',
      key: '/tls/etcd/tls.key',
    });
  });

  test('shows its state to anyone and obeys only who has a certificate', () => {
    expect(configuration['restapi']).toMatchObject({ listen: '0.0.0.0:8008', verify_client: 'optional', cafile: '/tls/postgres/ca.crt' });
  });

  test('trusts other members by their certificate’s chain: with its own client certificate `insecure` drops the host name only', () => {
    expect(configuration['ctl']).toEqual({
      insecure: true,
      cacert: '/tls/patroni-client/ca.crt',
      certfile: '/tls/patroni-client/tls.crt',
      keyfile: '/tls/patroni-client/tls.key',
    });
  });

  test('has a new cluster made with checksums and a collation of PostgreSQL’s own', () => {
    expect(at(configuration, 'bootstrap.initdb')).toEqual(expect.arrayContaining(['data-checksums', { encoding: 'UTF8' }, { 'locale-provider': 'builtin' }]));
  });

  test('carries no password and no name: they come from its environment', () => {
    expect(patroniYaml(environment, home)).not.toMatch(/password:|^name:|connect_address/m);
    for (const role of ['superuser', 'replication', 'rewind']) {
      expect(at(configuration, `postgresql.authentication.${role}`)).toMatchObject({ sslmode: 'verify-ca', sslrootcert: '/tls/postgres/ca.crt' });
    }
  });
});

describe('the parameters', () => {
  test('of the model replace what only tunes', () => {
    const { shared_buffers, max_wal_size, work_mem } = memberParameters(
      environment,
      withPostgres({ parameters: { MAX_WAL_SIZE: '8GB', work_mem: '16MB' } }),
    ) as Record<string, unknown>;
    expect({ shared_buffers, max_wal_size, work_mem }).toEqual({ shared_buffers: '4096MB', max_wal_size: '8GB', work_mem: '16MB' });
    expect(memberParameters(environment, withPostgres({ parameters: { MAX_WAL_SIZE: '8GB' } }))).not.toHaveProperty('MAX_WAL_SIZE');
  });

  test('that a Unix socket shows as 0 are not among them: Patroni would find them changed at every change', () =>
    expect(Object.keys(memberParameters(environment, home)).filter((name) => name.startsWith('tcp_'))).toEqual([]));

  test('that promises depend on are reserved; the others that are set only tune', () => {
    const tuning = [
      'checkpoint_timeout',
      'client_connection_check_interval',
      'log_checkpoints',
      'log_connections',
      'log_line_prefix',
      'log_lock_waits',
      'log_timezone',
      'max_wal_size',
      'min_wal_size',
      'timezone',
      'wal_compression',
    ];
    const set = [...Object.keys(clusterWideParameters(home)), ...Object.keys(memberParameters(environment, home))];
    expect(set.filter((name) => !RESERVED_PARAMETERS.includes(name)).toSorted()).toEqual(tuning);
  });

  test('keep WAL within the volume, however small', () => {
    const small = { ...home, postgres: { ...home.postgres, storage: 1 as Postgres['storage'] } };
    expect(memberParameters(environment, small)).toMatchObject({ max_wal_size: '256MB', min_wal_size: '128MB', max_slot_wal_keep_size: '256MB' });
    expect(memberParameters(environment, home)).toMatchObject({ max_wal_size: '4096MB', min_wal_size: '1024MB', max_slot_wal_keep_size: '65536MB' });
  });

  test('refuse commits that wait for nobody, and commits without TLS on the way', () => {
    expect(memberParameters(environment, home)).toMatchObject({ synchronous_commit: 'on', ssl: 'on', ssl_min_protocol_version: 'TLSv1.3' });
    expect(String(memberParameters(environment, home)['shared_preload_libraries']).split(',')).toContain('holdfast_commit_guard');
  });
});

test('patroni.yml says in YAML 1.1 what the object says: `on` stays a string', () => {
  expect(parse(patroniYaml(environment, home), { version: '1.1' })).toEqual(JSON.parse(JSON.stringify(configuration)));
});
