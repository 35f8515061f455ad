import { etcdFlags } from '../../lib/services/etcd';
import { homeRegion } from '../../lib/topology/derive';
import type { Etcd } from '../../lib/topology/types';
import { environmentNamed } from '../k8s/fixtures';

const environment = environmentNamed('production');
const home = homeRegion(environment);
const flag = (name: string, change: Partial<Etcd> = {}): string | undefined =>
  etcdFlags(environment, { ...home, etcd: { ...home.etcd, ...change } }, 'etcd-1')
    .find((f) => f.startsWith(`--${name}=`))
    ?.slice(`--${name}=`.length);

test('durations are milliseconds, whole', () => {
  expect(flag('heartbeat-interval')).toBe('100');
  expect(flag('election-timeout')).toBe('1000');
  expect(flag('heartbeat-interval', { heartbeat: 0.0333 as Etcd['heartbeat'] })).toBe('33');
});

test('the quota is bytes', () => expect(flag('quota-backend-bytes')).toBe(String(2048 * 1024 * 1024)));

test('a member listens on every address and advertises its name', () => {
  expect(flag('listen-peer-urls')).toBe('https://0.0.0.0:2380');
  expect(flag('initial-advertise-peer-urls')).toBe('https://etcd-1.etcd.data.svc.cluster.local:2380');
  expect(flag('advertise-client-urls')).toBe('https://etcd-1.etcd.data.svc.cluster.local:2379');
});

test('its own peer URL is the one that the initial cluster has for it', () => {
  expect(flag('initial-cluster')?.split(',')).toContain(`etcd-1=${flag('initial-advertise-peer-urls')}`);
  expect(flag('initial-cluster', { members: 5 })?.split(',')).toHaveLength(5);
});

test('clusters of two environments or regions can’t be mixed up', () => expect(flag('initial-cluster-token')).toBe('production-eu-central-1'));

test.each(['client-cert-auth', 'peer-client-cert-auth', 'pre-vote', 'strict-reconfig-check'])('%s is on', (name) => expect(flag(name)).toBe('true'));
