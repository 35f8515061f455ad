import { cacheConf } from '../../lib/services/cache';
import { cacheKeeperConfig } from '../../lib/services/cache-keeper';
import { passwordDigest, usersAcl } from '../../lib/services/cache-users';
import { parseConfig } from '../../agents/cache-keeper/config';
import { CACHE_DEFAULTS } from '../../lib/topology/defaults';
import { defineEnvironment } from '../../lib/topology/define';
import { homeRegion } from '../../lib/topology/derive';
import { environmentWith } from '../topology/fixtures';

const lines = cacheConf(CACHE_DEFAULTS).split('\n');
const users = usersAcl({ application: ['aa'], replication: ['bb'], operator: ['cc', 'dd'], synchroniser: ['ee'] }).split('\n');

test('speaks TLS everywhere and nothing else', () => {
  expect(lines).toEqual(expect.arrayContaining(['port 0', 'tls-port 6379', 'tls-replication yes', 'tls-cluster yes']));
});

test('takes its timing and its promises from the model', () => {
  expect(lines).toEqual(
    expect.arrayContaining(['cluster-node-timeout 1000', 'min-replicas-to-write 1', 'min-replicas-max-lag 2', 'maxmemory 1024mb', 'appendfsync everysec']),
  );
});

test('a shard that is down does not stop the others, and replicas stay in their AZ', () => {
  expect(lines).toEqual(expect.arrayContaining(['cluster-require-full-coverage no', 'cluster-allow-replica-migration no']));
});

test('has no password in it', () => {
  expect(lines.join('\n')).not.toMatch(/masterauth|requirepass/);
});

test('the user who needs no name is off, and applications can’t endanger the server', () => {
  expect(users[0]).toBe('user default off resetchannels -@all');
  expect(users[1]).toMatch(/^user app on #aa ~\* &\* \+@all -@admin -@dangerous /);
});

test('a user has two passwords while one of them changes', () => {
  expect(users[3]).toBe('user operator on #cc #dd ~* &* +@all');
});

test('passwords are there as SHA-256 only', () => {
  expect(passwordDigest('secret')).toBe('2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b');
});

test('the keeper reads what is rendered for it, and refuses anything else with every problem at once', () => {
  const region = homeRegion(defineEnvironment(environmentWith()));
  const config = cacheKeeperConfig(CACHE_DEFAULTS, region);
  expect(parseConfig(JSON.stringify(config), 'x')).toEqual(config);
  expect(() => parseConfig(JSON.stringify({ ...config, port: 0, pods: [], more: 1 }), 'keeper.json')).toThrow(/pods: .*\n.*port: .*\n.*more: unknown key/);
});

test('the synchroniser copies keys as a whole, and administrates nothing', () => {
  expect(users[4]).toMatch(/^user synchroniser on #ee ~\* &\* (\+[a-z|]+ ?)+$/);
  expect(users[4]).not.toMatch(/@|flush|config|keys|failover|\+client /);
});
