import { IMAGE_NAMES, type ImageName, type Manifest, manifestsFor, type Platform } from '../../k8s';
import type { BackupStorage } from '../../lib/services/pgbackrest';
import { ENVIRONMENTS } from '../../lib/environments';
import { defineEnvironment } from '../../lib/topology/define';
import { homeRegion } from '../../lib/topology/derive';
import type { Environment, Region } from '../../lib/topology/types';

const images = (registry: string): Record<ImageName, string> =>
  Object.fromEntries(IMAGE_NAMES.map((name) => [name, `${registry}/${name}:1`])) as Record<ImageName, string>;

/** The same buckets on both, so that what differs is how they are reached. */
const bucketsAt = (endpoint: (region: string) => string): BackupStorage['buckets'] =>
  Object.fromEntries(['eu-central-1', 'us-east-1'].map((region) => [region, { bucket: `backups-${region}`, endpoint: endpoint(region) }]));

export const LAB: Platform = {
  images: images('local.test/holdfast'),
  imagePullPolicy: 'Never',
  storage: 'local',
  secrets: 'provided',
  certificates: 'provided',
  backups: { buckets: bucketsAt(() => '10.50.8.10'), credentials: 'shared', roleArn: null, addressing: 'path', authority: 'provided' },
  regionGateway: 'node-addresses',
  kubelets: 'unverified',
  acme: { kind: 'lab', environment: { AWS_ENDPOINT_URL_ROUTE_53: 'https://10.50.7.10' } },
  leaseStore: { kind: 'emulated', endpoint: 'https://10.70.0.10' },
};

export const AWS: Platform = {
  images: images('123456789012.dkr.ecr.eu-central-1.amazonaws.com/holdfast'),
  imagePullPolicy: 'IfNotPresent',
  storage: 'ebs-gp3',
  secrets: 'aws-secrets-manager',
  certificates: 'cert-manager',
  backups: {
    buckets: bucketsAt((region) => `s3.${region}.amazonaws.com`),
    credentials: 'web-id',
    roleArn: 'arn:aws:iam::123456789012:role/backups',
    addressing: 'host',
    authority: 'public',
  },
  regionGateway: 'aws-nlb',
  kubelets: 'verified',
  acme: { kind: 'public', topic: null },
  leaseStore: { kind: 'aws' },
};

export const environmentNamed = (name: string): Environment => {
  const input = ENVIRONMENTS[name];
  if (input === undefined) throw new Error(`no environment "${name}"`);
  return defineEnvironment(input);
};

export interface Rendering {
  readonly title: string;
  readonly environment: Environment;
  readonly region: Region;
  readonly manifests: readonly Manifest[];
}

/** Every region of every environment, as it is deployed to AWS and as the lab would run it. */
export const everyRendering = (): readonly Rendering[] =>
  Object.keys(ENVIRONMENTS)
    .map(environmentNamed)
    .flatMap((environment) =>
      environment.regions.flatMap((region) =>
        Object.entries({ lab: LAB, aws: AWS }).map(([platformName, platform]) => ({
          title: `${environment.name} ${region.name} on ${platformName}`,
          environment,
          region,
          manifests: manifestsFor(environment, region, platform),
        })),
      ),
    );

export const homeManifests = (environment: Environment, platform: Platform): readonly Manifest[] =>
  manifestsFor(environment, homeRegion(environment), platform);

/** What all manifests have; the rest is read by path. */
export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly labels?: Readonly<Record<string, string>> };
}

export const objectsOf = (manifests: readonly Manifest[]): readonly KubernetesObject[] =>
  manifests.flatMap((manifest) => manifest.objects.map(asKubernetesObject));

const asKubernetesObject = (object: object): KubernetesObject => {
  if (!isKubernetesObject(object)) throw new Error(`not a Kubernetes object: ${JSON.stringify(object).slice(0, 200)}`);
  return object;
};

const isKubernetesObject = (object: object): object is KubernetesObject =>
  'apiVersion' in object &&
  typeof object.apiVersion === 'string' &&
  'kind' in object &&
  typeof object.kind === 'string' &&
  'metadata' in object &&
  typeof object.metadata === 'object' &&
  object.metadata !== null &&
  'name' in object.metadata &&
  typeof object.metadata.name === 'string';

export const find = (manifests: readonly Manifest[], kind: string, name: string): KubernetesObject => {
  const found = objectsOf(manifests).find((object) => object.kind === kind && object.metadata.name === name);
  if (found === undefined) throw new Error(`no ${kind} "${name}"`);
  return found;
};

/** The value at a path like `spec.template.spec.containers.0.image`; undefined when there is none. */
export const at = (object: unknown, path: string): unknown =>
  path.split('.').reduce<unknown>((value, key) => (typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined), object);

export const listAt = (object: unknown, path: string): readonly unknown[] => {
  const value = at(object, path);
  return Array.isArray(value) ? value : [];
};

export const nameOf = (value: unknown): string => String(at(value, 'name'));

/** Objects that make pods. */
export const workloadsOf = (manifests: readonly Manifest[]): readonly KubernetesObject[] =>
  objectsOf(manifests).filter((object) => at(object, 'spec.template.spec') !== undefined);

export const containersOf = (workload: KubernetesObject): readonly unknown[] => [
  ...listAt(workload, 'spec.template.spec.initContainers'),
  ...listAt(workload, 'spec.template.spec.containers'),
];
