/**
 * Logins of workloads, on AWS. Namespace `data` pushes what is in use there into `applications`, by the External Secrets operator: a rotation arrives within seconds, and
 * workloads get nothing but the application's login and the authorities' certificates.
 */
import { ApiObject } from 'cdk8s';
import { KubeRole, KubeRoleBinding, KubeServiceAccount } from 'cdk8s-plus-27/lib/imports/k8s';
import type { Construct } from 'constructs';
import { CACHE_PASSWORD_KEYS } from '../lib/services/cache-users';
import { USERNAME_KEYS } from '../lib/services/rotation/roles';
import { APPLICATION_NAMESPACE } from '../lib/topology/derive';
import type { ChartContext } from './data-chart';
import { CACHE_CREDENTIALS_SECRET, CREDENTIAL_KEYS, CREDENTIALS_SECRET, NAMESPACE, TLS_SECRETS } from './names';
import { API_VERSION } from './secrets';
import { PUSH_API_VERSION } from './shared-secrets';
import { APPLICATION_SECRETS } from './workload-names';

const NAME = 'applications';
/** Well within the grace that a planned rotation gives clients. */
const REFRESH = '10s';

/** Of one Secret here, into one there: its keys, with a template of the value. */
interface HandOver {
  readonly from: string;
  readonly to: string;
  readonly keys: Readonly<Record<string, string>>;
}

const value = (key: string): string => `{{ index . "${key}" }}`;

export const handOverLogins = (scope: Construct, { environment, region }: ChartContext): void => {
  const needed = new Set(environment.workloads.flatMap(({ needs }) => needs));
  const username = `{{ index . "${USERNAME_KEYS.application}" | default "${region.postgres.applicationRole}" }}`;
  const database: readonly HandOver[] = [
    { from: CREDENTIALS_SECRET, to: APPLICATION_SECRETS.database, keys: { username, password: value(CREDENTIAL_KEYS.application) } },
    { from: TLS_SECRETS.pgbouncer, to: APPLICATION_SECRETS.databaseCa, keys: { 'ca.crt': value('ca.crt') } },
  ];
  const cache: readonly HandOver[] = [
    { from: CACHE_CREDENTIALS_SECRET, to: APPLICATION_SECRETS.cache, keys: { password: value(CACHE_PASSWORD_KEYS.application) } },
    { from: TLS_SECRETS.cache, to: APPLICATION_SECRETS.cacheCa, keys: { 'ca.crt': value('ca.crt') } },
  ];
  const handed = [...(needed.has('database') ? database : []), ...(needed.has('cache') && environment.cache !== null ? cache : [])];
  if (handed.length === 0) return;
  defineRights(scope);
  defineStore(scope);
  handed.forEach((what) => push(scope, what));
};

/** It may write the Secrets that it hands over, and no others. A name can't be required of what does not exist yet. */
const defineRights = (scope: Construct): void => {
  const there = { name: 'hand-over-logins', namespace: APPLICATION_NAMESPACE };
  new KubeServiceAccount(scope, 'account', { metadata: { name: NAME, namespace: NAMESPACE }, automountServiceAccountToken: false });
  new KubeRole(scope, 'role', {
    metadata: there,
    rules: [
      { apiGroups: [''], resources: ['secrets'], verbs: ['create'] },
      { apiGroups: [''], resources: ['secrets'], resourceNames: Object.values(APPLICATION_SECRETS), verbs: ['get', 'update', 'patch', 'delete'] },
    ],
  });
  new KubeRoleBinding(scope, 'binding', {
    metadata: there,
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: there.name },
    subjects: [{ kind: 'ServiceAccount', name: NAME, namespace: NAMESPACE }],
  });
};

const defineStore = (scope: Construct): void => {
  const server = { caProvider: { type: 'ConfigMap', name: 'kube-root-ca.crt', key: 'ca.crt' } };
  new ApiObject(scope, 'secret-store', {
    apiVersion: API_VERSION,
    kind: 'SecretStore',
    metadata: { name: NAME, namespace: NAMESPACE },
    spec: { provider: { kubernetes: { remoteNamespace: APPLICATION_NAMESPACE, server, auth: { serviceAccount: { name: NAME } } } } },
  });
};

const push = (scope: Construct, { from, to, keys }: HandOver): void => {
  new ApiObject(scope, `push-${to}`, {
    apiVersion: PUSH_API_VERSION,
    kind: 'PushSecret',
    metadata: { name: to, namespace: NAMESPACE },
    spec: {
      refreshInterval: REFRESH,
      updatePolicy: 'Replace',
      deletionPolicy: 'Delete',
      secretStoreRefs: [{ name: NAME, kind: 'SecretStore' }],
      selector: { secret: { name: from } },
      template: { engineVersion: 'v2', data: keys },
      data: Object.keys(keys).map((key) => ({ match: { secretKey: key, remoteRef: { remoteKey: to, property: key } } })),
    },
  });
};
