/** The Secrets that a rotation reads and writes. */
import { credentialsSecret, poolerUsers, readCredentials, type Credentials } from '../../lib/services/rotation/credentials';
import { NAMESPACE } from '../../lib/topology/derive';
import { statusOf, RotationError, type World } from './ports';
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

/** The authority that the data tier's servers are verified with. */
export const authority = async ({ cluster }: World): Promise<string> => decoded(await cluster.get<Secret>(path(CA_OF)))['ca.crt'] ?? '';

/**
 * Writes a state and sees that the pods get it. First what the database is told (which is the state, and says where to go on), then the poolers' list: a login that
 * the pooler knows and the database does not is refused either way.
 */
export const save = async (world: World, before: Kept, credentials: Credentials): Promise<Kept> => {
  try {
    await writeVersioned(world, CREDENTIALS, before.resourceVersion, credentialsSecret(credentials));
  } catch (error) {
    if (statusOf(error) !== 409) throw error;
    throw new RotationError('the credentials were changed by somebody else meanwhile; nothing was written. Look at `holdfast rotate status`, then --resume');
  }
  await spread(world, credentials);
  return load(world);
};

/** Repeated when a rotation is resumed: it may have been interrupted between the two. */
export const spread = async (world: World, credentials: Credentials): Promise<void> => {
  await world.cluster.patch(path(POOLER_USERS), { data: encoded({ 'userlist.txt': poolerUsers(credentials) }) });
  await world.publish();
  await refreshSecrets(world, ['postgres', 'pgbouncer']);
};
