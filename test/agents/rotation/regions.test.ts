import { RotationError, type Cluster, type World } from '../../../agents/rotation/ports';
import { rotate, type Subject } from '../../../agents/rotation/rotate';
import { poolerUsers, readCredentials, type Credentials } from '../../../lib/services/rotation/credentials';
import { newPassword, rolesJson, ROLES_FILE, verifies, type DeclaredRole, type Login } from '../../../lib/services/rotation/roles';
import { homeRegion } from '../../../lib/topology/derive';
import type { Region } from '../../../lib/topology/types';
import { environmentNamed } from '../../k8s/fixtures';
import { StatusError } from '../fake-lease';

const environment = environmentNamed('lab-regions');
const home = homeRegion(environment);
const [standby = home] = environment.regions.filter(({ role }) => role === 'standby');
const MEMBERS = 2;

const encoded = (data: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')]));

/** A region's API server: its Secrets, and the names of its pods. */
class FakeRegion implements Cluster {
  readonly secrets = new Map<string, Record<string, string>>();
  away = false;
  private readonly versions = new Map<string, number>();

  constructor(
    readonly region: Region,
    private readonly afterWrite: (region: FakeRegion, secret: string) => void,
  ) {}

  private version(name: string): string {
    return String(this.versions.get(name) ?? 0);
  }

  value(name: string, key: string): string {
    return Buffer.from(this.secrets.get(name)?.[key] ?? '', 'base64').toString('utf8');
  }

  credentials(): Credentials {
    const data = this.secrets.get('postgres-credentials') ?? {};
    return readCredentials(Object.fromEntries(Object.keys(data).map((key) => [key, this.value('postgres-credentials', key)])), this.region);
  }

  get = <T>(path: string): Promise<T> => {
    if (this.away) return Promise.reject(new Error('connect ETIMEDOUT'));
    const name = path.split('/').at(-1) ?? '';
    const data = this.secrets.get(name);
    if (data === undefined) return Promise.reject(new StatusError(404));
    return Promise.resolve({ metadata: { resourceVersion: this.version(name), creationTimestamp: '2026-01-01T00:00:00Z' }, data } as T);
  };

  list = <T>(path: string): Promise<readonly T[]> => {
    const [, component = ''] = /name%3D(.*)$/.exec(path) ?? [];
    const pods = Array.from({ length: MEMBERS }, (_, i) => ({
      metadata: { name: `${component}-${i}` },
      status: { podIP: `${this.region.name}/${component}/${i}` },
    }));
    return Promise.resolve(pods as unknown as readonly T[]);
  };

  patch = (path: string, change: unknown): Promise<void> => {
    if (this.away) return Promise.reject(new Error('connect ETIMEDOUT'));
    if (!path.includes('/secrets/')) return Promise.resolve();
    const name = path.split('/').at(-1) ?? '';
    const { metadata, data } = change as { metadata?: { resourceVersion?: string }; data: Record<string, string | null> };
    if (metadata?.resourceVersion !== undefined && metadata.resourceVersion !== this.version(name)) return Promise.reject(new StatusError(409));
    const kept = Object.entries({ ...this.secrets.get(name), ...data }).filter((entry): entry is [string, string] => entry[1] !== null);
    this.secrets.set(name, Object.fromEntries(kept));
    this.versions.set(name, Number(this.version(name)) + 1);
    this.afterWrite(this, name);
    return Promise.resolve();
  };

  create = (): Promise<void> => Promise.resolve();
  remove = (): Promise<void> => Promise.resolve();
}

/** Two regions and one database, whose primary does what its own region's Secret says. */
class Fake {
  readonly regions: readonly [FakeRegion, FakeRegion];
  readonly writes: string[] = [];
  readonly broken: string[] = [];
  /** Dies after so many writes. */
  dieAfter = Infinity;
  primary: FakeRegion;
  private readonly initial: Readonly<Record<string, string>>;
  private readonly known = new Map<string, boolean>();
  private clock = Date.parse('2026-01-01T00:00:00Z');

  constructor() {
    const password = (): string => newPassword();
    this.initial = { 'superuser-password': password(), 'replication-password': password(), 'rewind-password': password(), 'application-password': password() };
    const after = (region: FakeRegion, secret: string): void => this.afterWrite(region, secret);
    this.regions = [new FakeRegion(home, after), new FakeRegion(standby, after)];
    for (const region of this.regions) {
      region.secrets.set('postgres-credentials', encoded({ ...this.initial, [ROLES_FILE]: rolesJson([]) }));
      region.secrets.set('pgbouncer-users', encoded({ 'userlist.txt': poolerUsers(region.credentials()) }));
      region.secrets.set('postgres-server-tls', encoded({ 'ca.crt': 'ca' }));
    }
    this.primary = this.regions[0];
  }

  /** What the database says to a login. */
  letsIn({ user, password }: Login): boolean {
    const roles: readonly DeclaredRole[] = this.primary.credentials().roles;
    if (roles.length === 0) return Object.values(this.initial).includes(password);
    const role = roles.find(({ name }) => name === user);
    return role?.verifier !== undefined && role.verifier !== null && this.verified(password, role.verifier);
  }

  /** Thousands of hashes each: remembered. */
  private verified(password: string, verifier: string): boolean {
    const key = `${password} ${verifier}`;
    const known = this.known.get(key) ?? verifies(password, verifier);
    this.known.set(key, known);
    return known;
  }

  private regionAt(host: string): FakeRegion {
    return this.regions.find(({ region }) => host.startsWith(region.name)) ?? this.regions[0];
  }

  private afterWrite({ region }: FakeRegion, secret: string): void {
    this.writes.push(`${region.role} ${secret}`);
    // The promise: whatever a region's members and poolers use now is good, whichever region they are in.
    for (const one of this.regions) {
      for (const [use, login] of Object.entries(one.credentials().active))
        if (!this.letsIn(login)) this.broken.push(`after ${this.writes.length} writes: ${use} of ${one.region.role}`);
      const { user, password } = one.credentials().active.application;
      if (!one.value('pgbouncer-users', 'userlist.txt').includes(`"${user}" "${password}"`))
        this.broken.push(`after ${this.writes.length} writes: the pooler of ${one.region.role} does not know who is in use`);
    }
    if (this.writes.length === this.dieAfter) throw new Error('killed');
  }

  world(standbys = [this.regions[1]]): World {
    return {
      environment,
      region: home,
      cluster: this.regions[0],
      standbys: standbys.map((one) => ({ region: one.region, cluster: one })),
      now: () => (this.clock += 1000),
      sleep: () => Promise.resolve(),
      progress: () => undefined,
      signal: new AbortController().signal,
      publish: () => Promise.resolve(),
      issue: () => Promise.reject(new Error('not asked for')),
      newAuthority: () => Promise.reject(new Error('not asked for')),
      access: {
        knock: (door, login) => {
          const known =
            !door.host.includes('pgbouncer') ||
            this.regionAt(door.host).value('pgbouncer-users', 'userlist.txt').includes(`"${login.user}" "${login.password}"`);
          return Promise.resolve(known && this.letsIn(login) ? { kind: 'let in' } : { kind: 'refused', because: 'no' });
        },
        streamsOf: (host) => {
          const streams = (region: FakeRegion, count: number) =>
            Array.from({ length: count }, (_, i) => ({ role: region.credentials().active.replication.user, member: `${region.region.name}-${i}` }));
          if (!host.endsWith('/0')) return Promise.resolve([]);
          const [first, second] = this.regions;
          // A standby region's leader streams from the primary, and the others of the region from it.
          return Promise.resolve(host.startsWith(home.name) ? [...streams(first, MEMBERS - 1), ...streams(second, 1)] : streams(second, MEMBERS - 1));
        },
        clientsOf: () => Promise.resolve({ ageSeconds: -60, byUser: {} }),
      },
    };
  }
}

const how = { compromised: false, resume: false, graceSeconds: 60 };
const rotateIn = (fake: Fake, what: Subject = 'database', resume = false): Promise<unknown> => rotate(fake.world(), what, { ...how, resume });

test('the database’s logins change in both regions, and nothing that is in use is refused at any moment', async () => {
  const fake = new Fake();
  const before = fake.regions[1].credentials().active;
  await rotateIn(fake);
  const [here, there] = fake.regions.map((one) => one.credentials());
  expect(there).toEqual(here);
  expect(here?.pending).toBeNull();
  expect([fake.broken, fake.letsIn(before.application), fake.letsIn(before.replication)]).toEqual([[], false, false]);
  expect(fake.letsIn(here?.active.application ?? before.application)).toBe(true);
});

test('every state is written at home first, then elsewhere; that it is over, at home last', async () => {
  const fake = new Fake();
  await rotateIn(fake);
  const elsewhere = ['standby postgres-credentials', 'home pgbouncer-users', 'standby pgbouncer-users'];
  const oneState = ['home postgres-credentials', ...elsewhere];
  expect(fake.writes).toEqual([...oneState, ...oneState, ...oneState, ...elsewhere, 'home postgres-credentials']);
});

test.each(Array.from({ length: 15 }, (_, i) => i + 1))(
  'killed after write %i, it goes on with --resume: nothing in use was refused, both regions end alike',
  async (writes) => {
    const fake = new Fake();
    fake.dieAfter = writes;
    await expect(rotateIn(fake)).rejects.toThrow('killed');
    await expect(rotateIn(fake)).rejects.toThrow(/was interrupted/);
    await rotateIn(fake, 'database', true);
    expect(fake.broken).toEqual([]);
    expect(fake.regions[1].credentials()).toEqual(fake.regions[0].credentials());
    expect(fake.regions[0].credentials().pending).toBeNull();
  },
);

test.each(Array.from({ length: 15 }, (_, i) => i + 1))(
  'killed after write %i and the other region promoted: what its members and poolers use is good there too',
  async (writes) => {
    const fake = new Fake();
    fake.dieAfter = writes;
    await expect(rotateIn(fake)).rejects.toThrow('killed');
    fake.primary = fake.regions[1]; // which does what its own Secret says
    const { active } = fake.regions[1].credentials();
    for (const login of Object.values(active)) expect(fake.letsIn(login)).toBe(true);
  },
);

test('AWS gets the new logins while both are good; where it can’t, the old ones stay good, and --resume goes on', async () => {
  const fake = new Fake();
  const before = fake.regions[0].credentials().active;
  const failing: World = { ...fake.world(), copyOut: () => Promise.reject(new RotationError('not now')) };
  await expect(rotate(failing, 'database', how)).rejects.toThrow('not now');
  expect([fake.regions[0].credentials().pending?.phase, fake.letsIn(before.application)]).toEqual(['switched', true]);
  const copies: Readonly<Record<string, string>>[] = [];
  const copyOut = (_: string, fields: Readonly<Record<string, string>>): Promise<void> => {
    expect(fake.letsIn(before.application)).toBe(true);
    copies.push(fields);
    return Promise.resolve();
  };
  await rotate({ ...fake.world(), copyOut }, 'database', { ...how, resume: true });
  const { application } = fake.regions[0].credentials().active;
  expect(copies).toMatchObject([{ 'application-username': application.user, 'application-password': application.password }]);
  expect(fake.letsIn(before.application)).toBe(false);
});

describe('nothing is written', () => {
  const refused = async (fake: Fake, work: Promise<unknown>, because: RegExp): Promise<void> => {
    await expect(work).rejects.toThrow(RotationError);
    await expect(work).rejects.toThrow(because);
    expect(fake.writes).toEqual([]);
  };

  test('while the standby region is away', async () => {
    const fake = new Fake();
    fake.regions[1].away = true;
    await refused(fake, rotateIn(fake), /can't be asked \(connect ETIMEDOUT\); nothing was changed/);
  });

  test('where the standby region has other passwords', async () => {
    const fake = new Fake();
    fake.regions[1].secrets.set('postgres-credentials', encoded({ 'replication-password': 'another' }));
    await refused(fake, rotateIn(fake), /has others in Secret postgres-credentials \(.*replication-password/);
  });

  test('by whoever reaches one region only', async () => {
    const fake = new Fake();
    await refused(fake, rotate(fake.world([]), 'database', how), /can't reach.*would cut it off/);
  });

  test.each(['authority', 'all'] as const)('for "%s", which would change whom the regions trust', async (what) => {
    const fake = new Fake();
    await refused(fake, rotateIn(fake, what), /possible are `rotate database`, `rotate cache`/);
  });
});
