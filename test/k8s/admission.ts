/**
 * Whether a real API server would take our manifests: server-side dry run with strict validation, and every pod template as a Pod in a namespace that enforces
 * the `restricted` profile (for a Deployment the server would only warn, and its pods fail later).
 *
 * Nothing of what may run on that server is touched: everything goes to a scratch namespace, cluster-wide objects under scratch names.
 */
import { PUBLISHED_TYPES } from '../../k8s/argo-rollouts/published.generated';
import { at, type KubernetesObject, listAt, nameOf } from './fixtures';

export interface KubectlResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}
/** Runs kubectl against the API server. A kubectl that fails is a result, not an exception. */
export type Kubectl = (args: readonly string[], stdin?: string) => Promise<KubectlResult>;

export interface Admission {
  /** Objects and pods that the server took. */
  readonly accepted: number;
  /** What the server said about the others, and what it warned of (deprecated fields, pods that would be refused). */
  readonly complaints: readonly string[];
  /** Objects of kinds that the server doesn't have (custom resources without their definitions): not checked here, only by their schemas. */
  readonly unknownKinds: readonly string[];
}

const SCRATCH = 'holdfast-admission';
/** By this the resource types that were not there before are found again. */
const SCRATCH_LABEL = { 'holdfast.dev/scratch': 'admission' };
/** Their names say what they are: they can't be given others. */
const NAMED_BY_WHAT_THEY_ARE = new Set(['CustomResourceDefinition', 'APIService']);
const CLUSTER_WIDE = new Set(['Namespace', 'PriorityClass', 'StorageClass', 'ClusterRole', 'ClusterRoleBinding']);

/** Makes the scratch namespace and what pods in it refer to; what an interrupted run left goes first. */
export const openScratch = async (kubectl: Kubectl): Promise<void> => {
  await closeScratch(kubectl);
  await run(kubectl, ['apply', '--server-side', '-f', '-'], scratchObjects);
  await run(kubectl, ['wait', '--for=create', 'serviceaccount/default', '-n', SCRATCH, '--timeout=30s']);
  await addResourceTypes(kubectl);
};

/** Those of Argo Rollouts, as we deploy them, where the server does not have them already: else workloads could not be checked. */
const addResourceTypes = async (kubectl: Kubectl): Promise<void> => {
  const there = await run(kubectl, ['get', 'customresourcedefinitions', '--output', 'name']);
  const types = PUBLISHED_TYPES.map((text) => JSON.parse(text) as KubernetesObject).filter(({ metadata }) => !there.includes(`/${metadata.name}\n`));
  if (types.length === 0) return;
  const items = types.map((type) => ({ ...type, metadata: { ...type.metadata, labels: SCRATCH_LABEL } }));
  await run(kubectl, ['apply', '--server-side', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
  await run(kubectl, ['wait', '--for=condition=Established', 'customresourcedefinitions', '-l', scratchSelector, '--timeout=30s']);
};

const scratchSelector = Object.entries(SCRATCH_LABEL)
  .map(([key, value]) => `${key}=${value}`)
  .join(',');

export const closeScratch = async (kubectl: Kubectl): Promise<void> => {
  await run(kubectl, ['delete', '--wait', '--timeout=60s', '--ignore-not-found', '-f', '-'], scratchObjects);
  await run(kubectl, ['delete', 'customresourcedefinitions', '-l', scratchSelector, '--wait', '--timeout=60s', '--ignore-not-found']);
};

/** To be called while the scratch namespace is open. @throws Error when the API server can't be asked */
export const admission = async (kubectl: Kubectl, objects: readonly KubernetesObject[]): Promise<Admission> => {
  const kinds = await knownKinds(kubectl);
  const known = objects.filter((object) => kinds.has(`${object.apiVersion}/${object.kind}`));
  const asked = [...known, ...known.flatMap(podOf)].map(scratched);
  const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: asked });
  const answer = await kubectl(['apply', '--server-side', '--dry-run=server', '--validate=strict', '-f', '-'], list);
  return {
    accepted: linesOf(answer.stdout).filter((line) => line.endsWith('(server dry run)')).length,
    complaints: linesOf(answer.stderr),
    unknownKinds: objects.filter((object) => !known.includes(object)).map((object) => `${object.kind}/${object.metadata.name}`),
  };
};

/** How many answers to expect when everything is right: one per object, one per pod template. */
export const expectedAnswers = (objects: readonly KubernetesObject[]): number => objects.length + objects.flatMap(podOf).length;

const run = async (kubectl: Kubectl, args: readonly string[], stdin?: string): Promise<string> => {
  const result = await kubectl(args, stdin);
  if (result.code !== 0) throw new Error(`kubectl ${args.join(' ')} failed (${result.code}): ${result.stderr}`);
  return result.stdout;
};

const linesOf = (text: string): readonly string[] => text.split('\n').filter((line) => line.trim() !== '');

const knownKinds = async (kubectl: Kubectl): Promise<ReadonlySet<string>> => {
  const table = linesOf(await run(kubectl, ['api-resources', '--no-headers']));
  return new Set(table.map((line) => line.trim().split(/\s+/)).map((columns) => `${columns.at(-3) ?? ''}/${columns.at(-1) ?? ''}`));
};

const scratchObjects = JSON.stringify({
  apiVersion: 'v1',
  kind: 'List',
  items: [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: SCRATCH, labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } } },
    { apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass', metadata: { name: SCRATCH }, value: 1, globalDefault: false },
  ],
});

/** The pod that a workload, or the check of its releases, would make: its template, with the scratch namespace's own account, and volumes in the place of claim templates. */
const podOf = (workload: KubernetesObject): readonly KubernetesObject[] => {
  const template = at(workload, 'spec.template') ?? at(workload, 'spec.metrics.0.provider.job.spec.template');
  const spec = at(template, 'spec');
  if (typeof spec !== 'object' || spec === null) return [];
  const claims = listAt(workload, 'spec.volumeClaimTemplates').map((claim) => nameOf(at(claim, 'metadata')));
  const volumes = [...listAt(spec, 'volumes'), ...claims.map((name) => ({ name, persistentVolumeClaim: { claimName: name } }))];
  const labels = at(template, 'metadata.labels') as Record<string, string>;
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `${workload.metadata.name}-0`, namespace: SCRATCH, labels },
    spec: { ...spec, serviceAccountName: 'default', volumes },
  };
  return [pod];
};

/** The same object where it can't meet the real one. A fixed service address may be taken on this server, or be outside its range: it is left out. */
const scratched = (object: KubernetesObject): KubernetesObject => {
  const copy = structuredClone(object);
  const { name } = copy.metadata;
  if (NAMED_BY_WHAT_THEY_ARE.has(copy.kind)) return copy;
  const metadata = CLUSTER_WIDE.has(copy.kind) ? { ...copy.metadata, name: `${SCRATCH}-${name}` } : { ...copy.metadata, namespace: SCRATCH };
  const spec = at(copy, 'spec');
  if (typeof spec === 'object' && spec !== null && copy.kind === 'Service' && at(spec, 'clusterIP') !== 'None') Reflect.deleteProperty(spec, 'clusterIP');
  if (typeof spec === 'object' && spec !== null && at(spec, 'priorityClassName') === 'holdfast-data') Reflect.set(spec, 'priorityClassName', SCRATCH);
  return { ...copy, metadata };
};
