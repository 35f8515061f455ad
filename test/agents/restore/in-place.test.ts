import { confirm, restoreInPlace, resumeRestore, undo, type InPlaceOptions } from '../../../agents/restore/in-place';
import { Kubernetes } from '../../../agents/restore/kubernetes';
import type { RepositoryReport } from '../../../lib/operations/restore/archive';
import { restoreCluster } from '../../../lib/operations/restore/plan';
import { parseTarget } from '../../../lib/operations/restore/target';
import { homeRegion } from '../../../lib/topology/derive';
import { at, environmentNamed, find, homeManifests, LAB, listAt } from '../../k8s/fixtures';
import { FakeCluster, type Asked } from './fake-cluster';

const environment = environmentNamed('lab');
const cluster = restoreCluster(environment, homeRegion(environment));
const NOW = Date.now() / 1000;

const report = (): RepositoryReport => ({
  info: [
    {
      backup: [
        {
          ...{ label: 'backup', type: 'full', timestamp: { start: NOW - 90, stop: NOW - 80 }, lsn: { start: '0/400028', stop: '0/400100' } },
          ...{ archive: { start: '000000010000000000000001', stop: '000000010000000000000001' }, info: { size: 1e6 }, database: { 'repo-key': 1 } },
        },
      ],
      status: { code: 0, message: 'ok' },
    },
  ],
  archived: [{ repository: 1, segments: [['000000010000000000000001', NOW - 80]] }],
  checked: true,
  at: new Date(NOW * 1000).toISOString(),
});

let world: FakeCluster;
const apis: Kubernetes[] = [];
const lines: string[] = [];
const api = (): Kubernetes => {
  const made = new Kubernetes(world.connection);
  apis.push(made);
  return made;
};
const as = (holder: string, target = 'xid:742'): InPlaceOptions => ({
  cluster,
  holder,
  target: parseTarget(target, true),
  onLine: (line) => void lines.push(line),
});

beforeEach(async () => {
  world = await FakeCluster.start(cluster.members);
  world.jobAnswers.set('backup-report', report());
  lines.length = 0;
});
afterEach(async () => {
  for (const one of apis.splice(0)) one.close();
  await world.stop();
});

/** The request as RBAC sees it. */
const accessOf = ({ method, path }: Asked): { group: string; resource: string; name: string | undefined; verb: string } => {
  const [, group = '', resource = '', name, sub] = /^\/api(?:s\/([^/]+))?\/v\d\/namespaces\/[^/]+\/([^/?]+)(?:\/([^/?]+))?(?:\/([^/?]+))?/.exec(path) ?? [];
  const verb = { POST: 'create', PATCH: 'patch', DELETE: 'delete' }[method] ?? (name === undefined ? 'list' : 'get');
  return { group, resource: sub === undefined ? resource : `${resource}/${sub}`, name, verb };
};

const isAllowed = (rules: readonly unknown[], asked: Asked): boolean => {
  const { group, resource, name, verb } = accessOf(asked);
  return rules.some((rule) => {
    const names = listAt(rule, 'resourceNames');
    const has = (key: string, value: string): boolean => listAt(rule, key).includes(value);
    return has('apiGroups', group) && has('resources', resource) && has('verbs', verb) && (names.length === 0 || names.includes(name));
  });
};

test('all that a restore, its undoing and its confirmation ask of the API is allowed to the job, so that `--as-job` comes as far', async () => {
  await restoreInPlace(api(), as('first'));
  await undo(api(), as('second'));
  await restoreInPlace(api(), as('first'));
  await confirm(api(), as('second'));
  const rules = listAt(find(homeManifests(environment, LAB), 'Role', 'restore-in-place'), 'rules');
  expect(world.asked.length).toBeGreaterThan(40);
  expect(world.asked.filter((asked) => !isAllowed(rules, asked))).toEqual([]);
  expect(isAllowed(rules, { method: 'DELETE', path: '/api/v1/namespaces/data/secrets/holdfast-ca' })).toBe(false);
}, 60_000);

test.each(['xid:742', 'lsn:0/400200', 'name:before-the-bug', new Date((NOW - 10) * 1000).toISOString()])(
  'a restore to %s asks the members for it, and everybody runs again',
  async (target) => {
    const wanted: string[] = [];
    world.before = () =>
      void wanted.push(...Object.entries(world.record() ?? {}).flatMap(([key, value]) => (key.endsWith('.yml') || key.endsWith('.yaml') ? [value] : [])));
    const exclusive = !target.startsWith('name');
    await restoreInPlace(api(), { ...as('first'), target: parseTarget(target, exclusive) });
    expect(wanted[0]).toContain(`--type=${/^(xid|lsn|name):/.exec(target)?.[1] ?? 'time'}`);
    expect([world.members, world.record()?.['phase'], at(world.record(), 'action')]).toEqual([cluster.members, 'finished', 'none']);
  },
  30_000,
);

test('of two at the same moment one restores; the other is told who, and changes nothing', async () => {
  const both = await Promise.allSettled([restoreInPlace(api(), as('first')), restoreInPlace(api(), as('second'))]);
  expect(both.map((one) => one.status).toSorted()).toEqual(['fulfilled', 'rejected']);
  const refused = both.find((one) => one.status === 'rejected');
  expect(String(refused?.reason)).toMatch(/is under way: held by (first|second), in phase/);
  expect(world.record()?.['phase']).toBe('finished');
}, 30_000);

test('what can’t succeed is refused before anything is stopped, and leaves no lock', async () => {
  world.jobAnswers.set('backup-report', { ok: false, code: 'wrong-key', error: 'the repository cannot be read with this passphrase' });
  await expect(restoreInPlace(api(), as('first'))).rejects.toThrow('cannot be read with this passphrase');
  world.jobAnswers.set('backup-report', report());
  await expect(restoreInPlace(api(), as('first', '2020-01-01 00:00:00Z'))).rejects.toThrow('lies before the oldest backup');
  expect([world.record(), world.asked.filter(({ path }) => path.endsWith('/scale'))]).toEqual([undefined, []]);
}, 30_000);

describe('a holder that was thought gone', () => {
  /** Frozen when it is about to forget the cluster; somebody else takes over. */
  const overtaken = async (): Promise<unknown> => {
    world.before = ({ path }) => {
      if (path.includes('cronjobs/restore-forget') && world.record()?.['holder'] === 'first') world.change({ holder: 'second' });
    };
    return restoreInPlace(api(), as('first')).catch((error: unknown) => error);
  };

  test('does nothing any more when it wakes, and undoes nothing', async () => {
    expect(String(await overtaken())).toMatch(/the restore was taken over by second/);
    expect(world.record()).toMatchObject({ holder: 'second', phase: 'stopped', action: 'none' });
    expect(world.members).toBe(0);
  }, 30_000);

  test('is followed by one that goes on, where it had come to', async () => {
    await overtaken();
    world.before = () => undefined;
    await expect(resumeRestore(api(), as('third'))).rejects.toThrow(/is under way: held by second/);
    world.change({ heartbeat: String(Math.floor(NOW - 60)) });
    await expect(resumeRestore(api(), as('third'))).resolves.toMatchObject({ backup: 'backup' });
    expect(lines).toContain(`resuming restore ${world.record()?.['id'] ?? ''} after phase "stopped"`);
  }, 30_000);
});

describe('while a restore is under way', () => {
  const under = async (data: Readonly<Record<string, string>>): Promise<void> => {
    await restoreInPlace(api(), as('first'));
    world.change({ heartbeat: String(Math.floor(Date.now() / 1000)), ...data });
  };

  test('it is not undone beside its holder, and nothing is stopped', async () => {
    await under({ phase: 'recovered', action: 'set-aside' });
    await expect(undo(api(), as('second'))).rejects.toThrow(/is under way: held by first, in phase "recovered".*undo it 30 s later/);
    expect([world.members, world.record()?.['action']]).toEqual([cluster.members, 'set-aside']);
    world.change({ heartbeat: String(Math.floor(NOW - 60)) });
    await undo(api(), as('second'));
    expect(world.record()).toBeUndefined();
  }, 30_000);

  test('one that was being confirmed is not undone: some of the old data may be gone', async () => {
    await under({ action: 'discard', heartbeat: '0' });
    await expect(undo(api(), as('second'))).rejects.toThrow(/go on with `holdfast restore confirm`/);
    await confirm(api(), as('second'));
    expect(world.record()).toBeUndefined();
  }, 30_000);

  test.each([
    [{ action: 'put-back', heartbeat: '0' }, /was being undone/],
    [{ phase: 'whole', heartbeat: '0' }, /is not finished/],
  ])('%j is not confirmed', async (data, because) => {
    await under(data);
    await expect(confirm(api(), as('second'))).rejects.toThrow(because);
  });
});
