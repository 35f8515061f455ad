/** Where passwords come from AWS Secrets Manager: External Secrets objects. No password is ever part of a template. */
import { ApiObject } from 'cdk8s';
import type { Construct } from 'constructs';
import { CACHE_PASSWORD_KEYS, forEachCacheUser, usersAcl } from '../lib/services/cache-users';
import { repositorySecrets } from '../lib/services/pgbackrest';
import { cacheSecretName, homeRegion, postgresSecretName, repositoryRegions } from '../lib/topology/derive';
import type { Region } from '../lib/topology/types';
import type { ChartContext } from './data-chart';
import { PATRONI_CREDENTIALS_FILE, PATRONI_ROLES } from '../lib/services/patroni';
import { USERNAME_KEYS } from '../lib/services/rotation/roles';
import {
  BACKUP_CIPHER_KEY,
  CACHE_CREDENTIALS_SECRET,
  CACHE_USERS_KEY,
  CACHE_USERS_SECRET,
  CREDENTIAL_KEYS,
  CREDENTIALS_SECRET,
  NAMESPACE,
  POOLER_USERS_KEY,
  POOLER_USERS_SECRET,
  REPOSITORY_SECRET,
  REPOSITORY_SECRET_KEY,
} from './names';

interface ExternalSecretSpec {
  readonly refreshPolicy: 'CreatedOnce';
  readonly secretStoreRef: { readonly name: string; readonly kind: 'SecretStore' };
  readonly target: {
    readonly name: string;
    readonly creationPolicy: 'Owner';
    readonly deletionPolicy: 'Retain';
    readonly template: { readonly engineVersion: 'v2'; readonly mergePolicy: 'Merge' | 'Replace'; readonly data: Readonly<Record<string, string>> };
  };
  readonly dataFrom: readonly [{ readonly extract: { readonly key: string } }];
}

export const API_VERSION = 'external-secrets.io/v1';
export const STORE = 'aws-secrets-manager';

/** No credentials here: the operator's own pod identity is allowed to read these secrets. */
export const readSecretsManager = (scope: Construct, region: Region): void => {
  new ApiObject(scope, 'secret-store', {
    apiVersion: API_VERSION,
    kind: 'SecretStore',
    metadata: { name: STORE, namespace: NAMESPACE },
    spec: { provider: { aws: { service: 'SecretsManager', region: region.name } } },
  });
};

/** A field of the secret in AWS, or what it is until the first rotation has written it. */
const field = (name: string, initial: string): string => `{{ index . "${name}" | default "${initial}" }}`;
/** The whole secret, with the file that Patroni reads. A rotation writes the same keys (agents/rotation). */
export const fetchPostgresCredentials = (scope: Construct, context: ChartContext): void => {
  // Passwords are letters and digits only, by whom they are generated (lib/constructs/database-credentials.ts, newPassword).
  const login = (use: 'replication' | 'rewind'): readonly string[] => [
    `    ${use}:`,
    `      username: '${field(USERNAME_KEYS[use], PATRONI_ROLES[use])}'`,
    `      password: '{{ index . "${CREDENTIAL_KEYS[use]}" }}'`,
  ];
  const file = `postgresql:\n  authentication:\n${[...login('replication'), ...login('rewind')].join('\n')}\n`;
  externalSecret(scope, CREDENTIALS_SECRET, postgresSecret(context), 'Merge', { [PATRONI_CREDENTIALS_FILE]: file });
};

/** PgBouncer's list of users: the login in use. Quotes are doubled there. */
export const fetchPoolerUsers = (scope: Construct, context: ChartContext): void => {
  const user = field(USERNAME_KEYS.application, context.region.postgres.applicationRole);
  const password = `{{ index . "${CREDENTIAL_KEYS.application}" | replace "\\"" "\\"\\"" }}`;
  externalSecret(scope, POOLER_USERS_SECRET, postgresSecret(context), 'Replace', { [POOLER_USERS_KEY]: `"${user}" "${password}"\n` });
};

/** A standby region's roles are the home's, and its copy of the secret bears the home's name. */
const postgresSecret = ({ environment }: ChartContext): string => postgresSecretName(environment, homeRegion(environment));

/** The same passwords in every region; a standby's copy bears the home's name. The list of users has digests only. */
export const fetchCacheCredentials = (scope: Construct, { environment }: ChartContext): void => {
  const remote = cacheSecretName(environment, homeRegion(environment));
  const users = usersAcl(forEachCacheUser((user) => [`{{ index . "${CACHE_PASSWORD_KEYS[user]}" | sha256sum }}`]));
  externalSecret(scope, CACHE_CREDENTIALS_SECRET, remote, 'Merge', {});
  externalSecret(scope, CACHE_USERS_SECRET, remote, 'Replace', { [CACHE_USERS_KEY]: users });
};

/** The passphrase of the backup repositories, as a file that pgbackrest.conf includes. */
export const fetchRepositorySecrets = (scope: Construct, context: ChartContext): void => {
  const repositories = repositoryRegions(context.environment, context.region).length;
  const text = repositorySecrets(repositories, `{{ index . "${BACKUP_CIPHER_KEY}" }}`);
  externalSecret(scope, REPOSITORY_SECRET, postgresSecret(context), 'Replace', { [REPOSITORY_SECRET_KEY]: text });
};

/** @param remote the secret's name in AWS Secrets Manager */
const externalSecret = (scope: Construct, name: string, remote: string, mergePolicy: 'Merge' | 'Replace', data: Readonly<Record<string, string>>): void => {
  const spec: ExternalSecretSpec = {
    // Once: from then on a rotation changes what is in the cluster, in an order in which nothing fails, and the copy in AWS after it.
    refreshPolicy: 'CreatedOnce',
    secretStoreRef: { name: STORE, kind: 'SecretStore' },
    target: { name, creationPolicy: 'Owner', deletionPolicy: 'Retain', template: { engineVersion: 'v2', mergePolicy, data } },
    dataFrom: [{ extract: { key: remote } }],
  };
  new ApiObject(scope, `external-secret-${name}`, { apiVersion: API_VERSION, kind: 'ExternalSecret', metadata: { name, namespace: NAMESPACE }, spec });
};
