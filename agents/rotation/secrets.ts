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
  readonly metadata: { readonly resourceVersion: string };
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

export interface Kept {
  readonly credentials: Credentials;
  readonly resourceVersion: string;
}

export const load = async ({ cluster, region }: World): Promise<Kept> => {
  const secret = await cluster.get<Secret>(path(CREDENTIALS));
  return { credentials: readCredentials(decoded(secret), region), resourceVersion: secret.metadata.resourceVersion };
};

/** The authority that the data tier's servers are verified with. */
export const authority = async ({ cluster }: World): Promise<string> => decoded(await cluster.get<Secret>(path(CA_OF)))['ca.crt'] ?? '';

/**
 * Writes a state and sees that the pods get it. First what the database is told (which is the state, and says where to go on), then the poolers' list: a login that
 * the pooler knows and the database does not is refused either way.
 */
export const save = async (world: World, before: Kept, credentials: Credentials): Promise<Kept> => {
  try {
    await world.cluster.patch(path(CREDENTIALS), { metadata: { resourceVersion: before.resourceVersion }, data: encoded(credentialsSecret(credentials)) });
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
