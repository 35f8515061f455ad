import { corefile } from '../../lib/services/corefile';

const [clusterZone = '', others = ''] = corefile().split(/^\.:/m);

test('the cluster’s own names are never cached: a member that returns is found at once', () => {
  expect(clusterZone).toMatch(/^cluster\.local:5353 /);
  expect(clusterZone).toMatch(/kubernetes cluster\.local/);
  expect(clusterZone).not.toMatch(/cache/);
});

test('other names outlive their resolver for an hour', () => expect(others).toMatch(/serve_stale 1h/));

test('no port below 1024: the container has no capability', () =>
  expect([...corefile().matchAll(/:(\d+)/g)].every(([, port]) => Number(port) > 1024)).toBe(true));
