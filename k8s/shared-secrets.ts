/** Secrets that a cluster makes and others need, by way of AWS Secrets Manager: the External Secrets operator pushes and fetches them, and no code of ours sees them. */
import { ApiObject } from 'cdk8s';
import type { Construct } from 'constructs';
import { authoritySecretName, doorSecretName } from '../lib/failover/names';
import { peersOf } from '../lib/topology/regions';
import type { ChartContext } from './data-chart';
import { NAMESPACE } from './names';
import { API_VERSION, STORE } from './secrets';

export const PUSH_API_VERSION = 'external-secrets.io/v1alpha1';
const VALUE = 'value';
/** The operator would write bytes otherwise. */
const AS_TEXT = { apiVersion: 'kubernetes.external-secrets.io/v1alpha1', kind: 'PushSecretMetadata', spec: { secretPushFormat: 'string' } } as const;
const KEY_PAIR = { 'tls.crt': 'certificate', 'tls.key': 'key' } as const;

interface Push {
  readonly name: string;
  /** The Secret in the cluster. */
  readonly from: string;
  /** The secret's name in AWS Secrets Manager. */
  readonly to: string;
  readonly store: string;
  /** Key in the cluster -> field of the JSON there. */
  readonly keys: Readonly<Record<string, string>>;
  readonly updatePolicy: 'IfNotExists' | 'Replace';
}

const push = (scope: Construct, { name, from, to, store, keys, updatePolicy }: Push): void => {
  const fields = Object.entries(keys).map(([key, property]) => `"${property}":{{ index . "${key}" | toJson }}`);
  new ApiObject(scope, `push-secret-${name}`, {
    apiVersion: PUSH_API_VERSION,
    kind: 'PushSecret',
    metadata: { name, namespace: NAMESPACE },
    spec: {
      refreshInterval: '1h0m0s',
      updatePolicy,
      // What is in AWS outlives the cluster that made it.
      deletionPolicy: 'None',
      secretStoreRefs: [{ name: store, kind: 'SecretStore' }],
      selector: { secret: { name: from } },
      // As one value: a reader never finds the certificate of one pair with the key of another, and "if there is none" means the whole.
      template: { engineVersion: 'v2', data: { [VALUE]: `{${fields.join(',')}}` } },
      data: [{ match: { secretKey: VALUE, remoteRef: { remoteKey: to } }, metadata: AS_TEXT }],
    },
  });
};

/**
 * One authority for all regions: each must trust the others' certificates. The home region makes it once and keeps it in AWS Secrets Manager, if there is none yet; every
 * region, the home included, takes it from its own region's copy, so that a region which starts needs no other. What the home has taken is what it hands to the others.
 */
export const shareAuthority = (scope: Construct, context: ChartContext, names: { readonly seed: string; readonly authority: string }): void => {
  const { environment, region, platform } = context;
  if (platform.secrets !== 'aws-secrets-manager')
    throw new Error('cert-manager issues for several regions only where they have AWS Secrets Manager to share an authority');
  const remote = authoritySecretName(environment);
  if (region.role === 'home') {
    push(scope, { name: names.seed, from: names.seed, to: remote, store: STORE, keys: KEY_PAIR, updatePolicy: 'IfNotExists' });
    for (const peer of peersOf(environment, region)) {
      const store = `${STORE}-${peer.name}`;
      secretStore(scope, store, peer.name);
      push(scope, { name: `${names.authority}-${peer.name}`, from: names.authority, to: remote, store, keys: KEY_PAIR, updatePolicy: 'Replace' });
    }
  }
  new ApiObject(scope, `external-secret-${names.authority}`, {
    apiVersion: API_VERSION,
    kind: 'ExternalSecret',
    metadata: { name: names.authority, namespace: NAMESPACE },
    spec: {
      // Once: an authority that changed by itself would cut off whoever has a certificate of the old one.
      refreshPolicy: 'CreatedOnce',
      secretStoreRef: { name: STORE, kind: 'SecretStore' },
      target: {
        name: names.authority,
        creationPolicy: 'Owner',
        deletionPolicy: 'Retain',
        template: { type: 'kubernetes.io/tls', engineVersion: 'v2', mergePolicy: 'Replace', data: fetched(KEY_PAIR) },
      },
      dataFrom: [{ extract: { key: remote } }],
    },
  });
};

const fetched = (keys: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(keys).map(([key, property]) => [key, `{{ index . "${property}" }}`]));

const secretStore = (scope: Construct, name: string, region: string): void => {
  new ApiObject(scope, `secret-store-${name}`, {
    apiVersion: API_VERSION,
    kind: 'SecretStore',
    metadata: { name, namespace: NAMESPACE },
    spec: { provider: { aws: { service: 'SecretsManager', region } } },
  });
};

/** What the failover's functions log in with at this region's doors: they run in AWS, and read it from their own region's Secrets Manager. */
export const handOverClient = (scope: Construct, { environment, platform }: ChartContext, secret: string): void => {
  if (platform.secrets !== 'aws-secrets-manager') return;
  const keys = { ...KEY_PAIR, 'ca.crt': 'ca' };
  push(scope, { name: secret, from: secret, to: doorSecretName(environment), store: STORE, keys, updatePolicy: 'Replace' });
};
