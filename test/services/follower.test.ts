import { followerConfig, followerJson } from '../../lib/services/follower';
import { homeRegion } from '../../lib/topology/derive';
import { environmentNamed } from '../k8s/fixtures';

const environment = environmentNamed('production');
const home = homeRegion(environment);

test('follows Patroni’s leader key in etcd, and finds a member’s address by its name', () => {
  expect(followerConfig(environment, home)).toMatchObject({
    etcd: { endpoints: [0, 1, 2].map((i) => `https://etcd-${i}.etcd.data.svc.cluster.local:2379`), ca: '/tls/etcd/ca.crt' },
    leaderKey: '/service/production/leader',
    membersPrefix: '/service/production/members/',
  });
});

test('talks to PgBouncer beside it', () => {
  expect(followerConfig(environment, home).pgbouncer).toEqual({
    socketDir: '/run/pgbouncer',
    port: 6432,
    databasesFile: '/run/pgbouncer/databases.ini',
    database: 'app',
    applicationRole: 'app',
  });
});

test('keeps etcd’s leader away from the primary when the model says so', () => {
  expect(followerConfig(environment, home).etcdPlacement).toBe(true);
  expect(followerConfig(environment, { ...home, etcd: { ...home.etcd, leaderAwayFromPrimary: false } }).etcdPlacement).toBe(false);
});

test('is written as JSON', () => expect(JSON.parse(followerJson(environment, home))).toEqual(followerConfig(environment, home)));
