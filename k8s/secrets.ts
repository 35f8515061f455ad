/** Where passwords come from AWS Secrets Manager: External Secrets objects. No password is ever part of a template. */
import { ApiObject } from 'cdk8s';
import type { Construct } from 'constructs';
import { postgresSecretName } from '../lib/topology/derive';
import type { Region } from '../lib/topology/types';
import type { ChartContext } from './data-chart';
import { CREDENTIAL_KEYS, CREDENTIALS_SECRET, NAMESPACE, POOLER_USERS_KEY, POOLER_USERS_SECRET } from './names';

interface RemoteField {
  readonly secretKey: string;
  readonly remoteRef: { readonly key: string; readonly property: string };
}

interface ExternalSecretSpec {
  readonly refreshPolicy: 'OnChange';
  readonly secretStoreRef: { readonly name: string; readonly kind: 'SecretStore' };
  readonly target: {
    readonly name: string;
    readonly creationPolicy: 'Owner';
    readonly deletionPolicy: 'Retain';
    readonly template?: { readonly engineVersion: 'v2'; readonly data: Readonly<Record<string, string>> };
  };
  readonly data: readonly RemoteField[];
}

const API_VERSION = 'external-secrets.io/v1';
const STORE = 'aws-secrets-manager';

/** No credentials here: the operator's own pod identity is allowed to read these secrets. */
export const readSecretsManager = (scope: Construct, region: Region): void => {
  new ApiObject(scope, 'secret-store', {
    apiVersion: API_VERSION,
    kind: 'SecretStore',
    metadata: { name: STORE, namespace: NAMESPACE },
    spec: { provider: { aws: { service: 'SecretsManager', region: region.name } } },
  });
};

export const fetchPostgresCredentials = (scope: Construct, context: ChartContext): void =>
  externalSecret(scope, CREDENTIALS_SECRET, context, Object.values(CREDENTIAL_KEYS));

/** PgBouncer's list of users. Quotes are doubled there. */
export const fetchPoolerUsers = (scope: Construct, context: ChartContext): void => {
  const password = `{{ index . "${CREDENTIAL_KEYS.application}" | replace "\\"" "\\"\\"" }}`;
  const role = context.region.postgres.applicationRole.replaceAll('"', '""');
  externalSecret(scope, POOLER_USERS_SECRET, context, [CREDENTIAL_KEYS.application], { [POOLER_USERS_KEY]: `"${role}" "${password}"\n` });
};

const externalSecret = (
  scope: Construct,
  name: string,
  { environment, region }: ChartContext,
  keys: readonly string[],
  template?: Readonly<Record<string, string>>,
): void => {
  const spec: ExternalSecretSpec = {
    // Not periodically: a password that changed here while the database still has the old one would lock out the next member that restarts. Rotation is an
    // operation that changes both.
    refreshPolicy: 'OnChange',
    secretStoreRef: { name: STORE, kind: 'SecretStore' },
    target: {
      name,
      creationPolicy: 'Owner',
      deletionPolicy: 'Retain',
      ...(template === undefined ? {} : { template: { engineVersion: 'v2', data: template } }),
    },
    data: keys.map((property) => ({ secretKey: property, remoteRef: { key: postgresSecretName(environment, region), property } })),
  };
  new ApiObject(scope, `external-secret-${name}`, { apiVersion: API_VERSION, kind: 'ExternalSecret', metadata: { name, namespace: NAMESPACE }, spec });
};
