/** What AWS Secrets Manager and cert-manager supply in production: Secrets of the same names and keys, made for one lab and gone with it. */
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PATRONI_CREDENTIALS_FILE, PATRONI_ROLES } from '../lib/services/patroni';
import { BACKUP_CLIENT } from '../lib/services/pgbackrest';
import { AUTHORITY_SECRET, type SignedSecret } from '../lib/services/rotation/authority';
import { newPassword, PASSWORD_KEYS, patroniCredentials, ROLES_FILE, rolesJson, USERNAME_KEYS, userlist } from '../lib/services/rotation/roles';
import { CACHE_SERVICE } from '../lib/services/cache-keeper';
import { CACHE_PASSWORD_KEYS, CACHE_USER_NAMES, forEachCacheUser, passwordDigest, usersAcl, type CacheUser } from '../lib/services/cache-users';
import { delayedReplicaName, NAMESPACE, postgresName } from '../lib/topology/derive';
import { MAINTENANCE_ROLE } from '../lib/topology/maintenance';
import { applicationSecrets } from './application-secrets';
import { gatewaySecrets } from './gateway-secrets';
import { controllerSecrets } from './controller-secrets';
import type { KubernetesApi, KubernetesObject } from './kubernetes/api';
import { createAuthority, issueCertificate, type CertificateRequest, type KeyPair } from './pki';
import type { PatroniClientTls } from './patroni';
import type { LabSettings } from './settings';

/** Of the cache's users. */
export type CachePasswords = Readonly<Record<CacheUser, string>>;

export interface Credentials {
  readonly superuser: string;
  readonly replication: string;
  readonly rewind: string;
  /** Password of `applicationUser`. */
  readonly application: string;
  /** The application's login in use: changes with each rotation. */
  readonly applicationUser: string;
  readonly cache: CachePasswords;
  /** PEM: the authority of the data tier, and a client certificate that Patroni and etcd accept. */
  readonly ca: string;
  readonly client: KeyPair;
}

/** What the lab's own programs log in with; replaced in one step by a rotation. */
export const credentialsFile = (lab: LabSettings): string => join(lab.directory, 'credentials.json');

export const readCredentials = async (lab: LabSettings): Promise<Credentials> => JSON.parse(await readFile(credentialsFile(lab), 'utf8')) as Credentials;

export const writeCredentials = async (lab: LabSettings, credentials: Credentials): Promise<void> => {
  const next = `${credentialsFile(lab)}.${process.pid}`;
  await writeFile(next, JSON.stringify(credentials), { mode: 0o600 });
  await rename(next, credentialsFile(lab));
};

export const clientTls = (credentials: Credentials): PatroniClientTls => ({
  ca: credentials.ca,
  cert: credentials.client.certificate,
  key: credentials.client.key,
});

const certificateRequests = (lab: LabSettings): Readonly<Record<SignedSecret, CertificateRequest>> => {
  const domain = `${NAMESPACE}.svc.cluster.local`;
  const local = ['DNS:localhost', 'IP:127.0.0.1'];
  const etcdNames = [`DNS:*.etcd.${domain}`, `DNS:etcd.${domain}`, ...local];
  const postgres = [postgresName(lab.region), delayedReplicaName(lab.region)];
  return {
    'etcd-peer-tls': { commonName: 'etcd-peer', usages: ['serverAuth', 'clientAuth'], alternativeNames: etcdNames },
    'etcd-server-tls': { commonName: 'etcd-server', usages: ['serverAuth', 'clientAuth'], alternativeNames: etcdNames },
    'etcd-client-tls': { commonName: 'holdfast', usages: ['clientAuth'] },
    'postgres-server-tls': {
      commonName: 'postgres',
      usages: ['serverAuth'],
      alternativeNames: [...postgres.flatMap((name) => [`DNS:*.${name}.${domain}`, `DNS:${name}.${domain}`]), ...local],
    },
    'patroni-client-tls': { commonName: 'patroni', usages: ['clientAuth'] },
    'backup-client-tls': { commonName: BACKUP_CLIENT, usages: ['clientAuth'] },
    'maintenance-client-tls': { commonName: MAINTENANCE_ROLE, usages: ['clientAuth'] },
    'cache-server-tls': {
      commonName: CACHE_SERVICE,
      usages: ['serverAuth', 'clientAuth'],
      alternativeNames: [`DNS:*.${CACHE_SERVICE}.${domain}`, `DNS:${CACHE_SERVICE}.${domain}`, ...local],
    },
    'pgbouncer-server-tls': {
      commonName: 'pgbouncer',
      usages: ['serverAuth'],
      alternativeNames: [`DNS:pgbouncer.${domain}`, `DNS:pgbouncer.${NAMESPACE}.svc`, ...local],
    },
  };
};

interface StoredSecret {
  readonly data?: Readonly<Record<string, string>>;
}

/** Writes what the lab's own programs and its workloads log in with anew, from the Secrets as they are now. */
export const refreshCredentials = async (lab: LabSettings, api: KubernetesApi): Promise<void> => {
  const read = async (name: string): Promise<(key: string) => string | undefined> => {
    const { data = {} } = await api.get<StoredSecret>(`/api/v1/namespaces/${NAMESPACE}/secrets/${name}`);
    return (key) => (data[key] === undefined ? undefined : Buffer.from(data[key], 'base64').toString('utf8'));
  };
  const [passwords, cache, client] = await Promise.all([
    read('postgres-credentials'),
    lab.environment.cache === null ? () => undefined : read('cache-credentials'),
    read('patroni-client-tls'),
  ]);
  const before = await readCredentials(lab);
  const credentials: Credentials = {
    superuser: passwords('superuser-password') ?? before.superuser,
    replication: passwords(PASSWORD_KEYS.replication) ?? before.replication,
    rewind: passwords(PASSWORD_KEYS.rewind) ?? before.rewind,
    application: passwords(PASSWORD_KEYS.application) ?? before.application,
    applicationUser: passwords(USERNAME_KEYS.application) ?? before.applicationUser,
    cache: forEachCacheUser((user) => cache(CACHE_PASSWORD_KEYS[user]) ?? before.cache[user]),
    ca: client('ca.crt') ?? before.ca,
    client: { certificate: client('tls.crt') ?? before.client.certificate, key: client('tls.key') ?? before.client.key },
  };
  await writeCredentials(lab, credentials);
  for (const object of applicationSecrets(lab, credentials)) await api.apply(object);
};

const secret = (name: string, stringData: Readonly<Record<string, string>>): KubernetesObject & { stringData: Readonly<Record<string, string>> } => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name, namespace: NAMESPACE },
  stringData,
});

/** What cert-manager does in production. */
export const issueFor = (lab: LabSettings, name: SignedSecret, authority: KeyPair): Promise<KeyPair> =>
  issueCertificate(authority, certificateRequests(lab)[name]);
export const newAuthority = (): Promise<KeyPair> => createAuthority('holdfast-data');

/** What all regions of a lab have in common: who signs their certificates, and the passwords (a standby has its primary's roles). */
export interface SharedSecrets {
  readonly authority: KeyPair;
  readonly passwords: Pick<Credentials, 'superuser' | 'replication' | 'rewind' | 'application' | 'cache'>;
}

export const createSharedSecrets = async (): Promise<SharedSecrets> => ({
  authority: await newAuthority(),
  passwords: {
    superuser: newPassword(),
    replication: newPassword(),
    rewind: newPassword(),
    application: newPassword(),
    cache: forEachCacheUser(() => newPassword()),
  },
});

const cacheSecrets = (passwords: CachePasswords): readonly KubernetesObject[] => [
  secret('cache-credentials', Object.fromEntries(CACHE_USER_NAMES.map((user) => [CACHE_PASSWORD_KEYS[user], passwords[user]]))),
  secret('cache-users', { 'users.acl': usersAcl(forEachCacheUser((user) => [passwordDigest(passwords[user])])) }),
];

/** Makes everything new, keeps what the lab itself needs in its directory, and returns the Secrets to apply. */
export const createSecrets = async (lab: LabSettings, { authority, passwords }: SharedSecrets): Promise<readonly KubernetesObject[]> => {
  const issued = await Promise.all(
    Object.entries(certificateRequests(lab)).map(async ([name, request]) => ({ name, pair: await issueCertificate(authority, request) })),
  );
  const client = issued.find(({ name }) => name === 'patroni-client-tls')?.pair;
  if (client === undefined) throw new Error('no client certificate was issued');
  const credentials: Credentials = {
    ...passwords,
    applicationUser: lab.region.postgres.applicationRole,
    ca: authority.certificate,
    client,
  };
  await writeCredentials(lab, credentials);
  const logins = {
    replication: { user: PATRONI_ROLES.replication, password: credentials.replication },
    rewind: { user: PATRONI_ROLES.rewind, password: credentials.rewind },
  };
  return [
    ...issued.map(({ name, pair }) => secret(name, { 'tls.crt': pair.certificate, 'tls.key': pair.key, 'ca.crt': authority.certificate })),
    secret(AUTHORITY_SECRET, { 'tls.crt': authority.certificate, 'tls.key': authority.key }),
    secret('postgres-credentials', {
      'superuser-password': credentials.superuser,
      'replication-password': credentials.replication,
      'rewind-password': credentials.rewind,
      'application-password': credentials.application,
      [PATRONI_CREDENTIALS_FILE]: patroniCredentials(logins),
      [ROLES_FILE]: rolesJson([]),
    }),
    ...cacheSecrets(credentials.cache),
    ...(await controllerSecrets(lab, authority)),
    ...(await gatewaySecrets(lab, authority)),
    secret('pgbouncer-users', { 'userlist.txt': userlist([{ user: credentials.applicationUser, password: credentials.application }]) }),
    ...applicationSecrets(lab, credentials),
  ];
};
