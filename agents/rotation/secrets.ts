/** The Secrets that a rotation reads and writes. */
import { credentialsSecret, poolerUsers, readCredentials, type Credentials } from '../../lib/services/rotation/credentials';
import { PASSWORD_KEYS } from '../../lib/services/rotation/roles';
import { NAMESPACE } from '../../lib/topology/derive';
import { statusOf } from '../http-status';
import { regionsOf, RotationError, type RegionCluster, type World } from './ports';
import { refreshSecrets } from './pods';

const path = (name: string): string => `/api/v1/namespaces/${NAMESPACE}/secrets/${name}`;
const CREDENTIALS = 'postgres-credentials';
const POOLER_USERS = 'pgbouncer-users';
const CA_OF = 'postgres-server-tls';

interface Secret {
  readonly metadata: { readonly resourceVersion: string; readonly creationTimestamp: string };
  readonly data?: Readonly<Record<string, string>>;
}

const decoded = (secret: Secret): Record<string, string> =>
  Object.fromEntries(Object.entries(secret.data ?? {}).map(([key, value]) => [key, Buffer.from(value, 'base64').toString('utf8')]));

const encoded = (change: Readonly<Record<string, string | null>>): Record<string, string | null> =>
  Object.fromEntries(Object.entries(change).map(([key, value]) => [key, value === null ? null : Buffer.from(value).toString('base64')]));

export const readSecret = async ({ cluster }: World, name: string): Promise<{ readonly data: Readonly<Record<string, string>> }> => ({
  data: decoded(await cluster.get<Secret>(path(name))),
});

/** null removes a key. */
export const writeSecret = ({ cluster }: World, name: string, change: Readonly<Record<string, string | null>>): Promise<void> =>
  cluster.patch(path(name), { data: encoded(change) });

/** In every region, in their order. */
export const writeEverywhere = async (world: World, name: string, change: Readonly<Record<string, string | null>>): Promise<void> => {
  for (const { cluster } of regionsOf(world)) await cluster.patch(path(name), { data: encoded(change) });
};

/** What a standby region's Secret is to be, whatever it was: a rotation's state is never read from there. */
export const copyToStandbys = async ({ standbys }: World, name: string, change: Readonly<Record<string, string | null>>): Promise<void> => {
  for (const { cluster } of standbys) await cluster.patch(path(name), { data: encoded(change) });
};

/** @returns what is in a standby region. @throws RotationError when it can't be asked */
const standbySecret = async ({ region, cluster }: RegionCluster, name: string): Promise<Readonly<Record<string, string>>> => {
  try {
    return decoded(await cluster.get<Secret>(path(name)));
  } catch (error) {
    throw new RotationError(
      `region ${region.name} can't be asked (${error instanceof Error ? error.message : String(error)}); nothing was changed. ` +
        'A region that has not heard of new credentials would be cut off by them: begin when it answers',
    );
  }
};

/**
 * Nothing begins while a region is away, or has other credentials.
 * @param keys those that must agree
 * @throws RotationError
 */
export const requireAgreement = async (world: World, name: string, here: Readonly<Record<string, string | null>>, keys: readonly string[]): Promise<void> => {
  for (const standby of world.standbys) {
    const there = await standbySecret(standby, name);
    const differing = keys.filter((key) => (there[key] ?? null) !== (here[key] ?? null));
    if (differing.length > 0)
      throw new RotationError(
        `region ${standby.region.name} has others in Secret ${name} (${differing.join(', ')}) than ${world.region.name}; nothing was changed. ` +
          'Which are good is seen by logging in: make them the same first',
      );
  }
};

/** With its version, for a change that is refused when somebody else made one. */
export interface Versioned {
  readonly data: Readonly<Record<string, string>>;
  readonly resourceVersion: string;
  /** ISO time. */
  readonly createdAt: string;
}

export const readVersioned = async ({ cluster }: World, name: string): Promise<Versioned> => {
  const secret = await cluster.get<Secret>(path(name));
  return { data: decoded(secret), resourceVersion: secret.metadata.resourceVersion, createdAt: secret.metadata.creationTimestamp };
};

/** null removes a key. @throws Error of status 409 when the Secret is not what it was */
export const writeVersioned = ({ cluster }: World, name: string, resourceVersion: string, change: Readonly<Record<string, string | null>>): Promise<void> =>
  cluster.patch(path(name), { metadata: { resourceVersion }, data: encoded(change) });

export interface Kept {
  readonly credentials: Credentials;
  readonly resourceVersion: string;
  /** ISO time: of the Secret, and so of what was never rotated. */
  readonly createdAt: string;
}

export const load = async (world: World): Promise<Kept> => {
  const { data, ...version } = await readVersioned(world, CREDENTIALS);
  return { credentials: readCredentials(data, world.region), ...version };
};

/** @throws RotationError when a region is away, or its members and poolers use other logins */
export const requireOneDatabase = (world: World, { credentials }: Kept): Promise<void> =>
  requireAgreement(world, CREDENTIALS, credentialsSecret(credentials), Object.values(PASSWORD_KEYS));

/** The authority that the data tier's servers are verified with. */
export const authority = async ({ cluster }: World): Promise<string> => decoded(await cluster.get<Secret>(path(CA_OF)))['ca.crt'] ?? '';

/**
 * Writes a state and sees that the pods get it. First what the database is told (which is the state, and says where to go on), then the other regions' copies and the
 * poolers' lists: a login that the pooler knows and the database does not is refused either way. That a rotation is over is written last: until all the others have
 * heard of it, there is one to resume.
 */
export const save = async (world: World, before: Kept, credentials: Credentials): Promise<Kept> => {
  if (credentials.pending === null) await spread(world, credentials);
  try {
    await writeVersioned(world, CREDENTIALS, before.resourceVersion, credentialsSecret(credentials));
  } catch (error) {
    if (statusOf(error) !== 409) throw error;
    throw new RotationError('the credentials were changed by somebody else meanwhile; nothing was written. Look at `holdfast rotate status`, then --resume');
  }
  if (credentials.pending !== null) await spread(world, credentials);
  return load(world);
};

/** To the other regions, and to every pooler. Repeated when a rotation is resumed: it may have been interrupted anywhere in between. */
export const spread = async (world: World, credentials: Credentials): Promise<void> => {
  await copyToStandbys(world, CREDENTIALS, credentialsSecret(credentials));
  await writeEverywhere(world, POOLER_USERS, { 'userlist.txt': poolerUsers(credentials) });
  await world.publish();
  await refreshSecrets(world, ['postgres', 'pgbouncer']);
};
