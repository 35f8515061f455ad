/** Brings a lab up: hosts, control plane, nodes, then the very charts that production gets. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { APPLICATION_NAMESPACE } from '../lib/topology/derive';
import { until } from './exec';
import { createRouter } from './hosts/network';
import { joinRegions } from './hosts/wan';
import { dataTierHealth, health } from './health';
import { ApiError, isReady, kubernetesApi, type KubernetesApi, type KubernetesObject, type Node } from './kubernetes/api';
import { startControlPlane, writeCredentials } from './kubernetes/control-plane';
import { prepareNode, startNode, type NodeImages } from './kubernetes/node';
import { repositorySecret, startObjectStore } from './s3/store';
import { clientTls, createSecrets, createSharedSecrets, readCredentials, type SharedSecrets } from './secrets';
import { labRegions, type LabSettings } from './settings';
import { claim, claimRegion, markUp, phaseOf } from './state';
import { hasAuthority } from './acme/settings';
import { startAuthority, trustObjects, type AuthorityParts } from './acme/start';
import { removeLab } from './down';
import { startOutside, type OutsideParts } from './edge/start';
import { persistentVolumes } from './volumes';

/** Progress of long work: one line each, with the seconds since the start. */
export type Progress = (line: string) => void;

export interface LabParts {
  /** Folder of Kubernetes' binaries. */
  readonly binaries: string;
  readonly images: NodeImages;
  /** The S3 server's program. */
  readonly objectStore: string;
  /** Image references by name, as the charts use them. */
  readonly references: Readonly<Record<string, string>>;
}

/** Thrown when the name is taken: exit code and message are the caller's. */
export class LabExistsError extends Error {
  /** As `EXIT.exists` of the command line. */
  readonly exitCode = 4;

  constructor(name: string, phase: string) {
    super(
      `lab "${name}" is ${phase === 'up' ? 'already up' : 'being brought up by another command'}; see \`holdfast lab status\`, end it with \`holdfast lab down\`, or give another name with --lab`,
    );
    this.name = 'LabExistsError';
  }
}

/** The host's part: namespaces and machines. Leaves nothing behind when it fails. */
export const startMachines = async (lab: LabSettings, parts: LabParts, progress: Progress, roundTripMs = 0): Promise<void> => {
  const phase = await phaseOf(lab);
  if (phase === 'broken') {
    progress(`lab "${lab.name}" was left over from a crash: removing it`);
    await removeLab(lab);
  }
  if (phase === 'up' || phase === 'starting' || !(await claim(lab, { binaries: parts.binaries, images: parts.references }))) {
    throw new LabExistsError(lab.name, phase);
  }
  const regions = labRegions(lab);
  for (const region of regions.slice(1)) await claimRegion(region, { binaries: parts.binaries, images: parts.references });
  await Promise.all(regions.map((region) => prepareRegion(region, parts)));
  await joinRegions(lab, roundTripMs);
  await Promise.all(regions.map((region) => startRegion(region, parts.binaries)));
};

const prepareRegion = async (lab: LabSettings, parts: LabParts): Promise<void> => {
  // No name server outside: the cluster's DNS answers for the cluster only.
  await writeFile(join(lab.directory, 'resolv.conf'), 'nameserver 127.0.0.1\n');
  await Promise.all([writeCredentials(lab), createRouter(lab), ...lab.nodes.map((node) => prepareNode(lab, node, parts.images))]);
  await startObjectStore(lab, parts.objectStore);
};

/** The machines of one region, from nothing or after they were lost. */
const startRegion = async (lab: LabSettings, binaries: string): Promise<void> => {
  await startControlPlane(lab, binaries);
  for (const node of lab.nodes) await startNode(lab, node, binaries);
};

/** Every region's charts, at the same time: none waits for another to be whole. */
export const applyAllCharts = async (
  lab: LabSettings,
  chartsOf: (region: LabSettings) => readonly (readonly KubernetesObject[])[],
  progress: Progress,
  outside?: Pick<OutsideParts, 'python' | 'stacks'>,
  authority?: AuthorityParts,
): Promise<void> => {
  const shared = await createSharedSecrets();
  const regions = labRegions(lab);
  // Before the pods: they ask for the lease as soon as they run.
  if (outside !== undefined) await startOutside(lab, { ...outside, authority: shared.authority, application: shared.passwords.application }, progress);
  if (authority !== undefined) await startAuthority(lab, authority, shared.authority);
  const named = (region: LabSettings): Progress => (regions.length === 1 ? progress : (line) => progress(`${region.region.name}: ${line}`));
  await Promise.all(regions.map((region) => applyCharts(region, chartsOf(region), shared, named(region))));
};

/** Twice as many pods, and releases that are looked at before they serve. */
const WITH_WORKLOADS_SECONDS = 420;

/** The cluster's part, from inside the lab's network: waits for the machines, applies the charts, waits until the data tier is whole. */
const applyCharts = async (lab: LabSettings, charts: readonly (readonly KubernetesObject[])[], shared: SharedSecrets, progress: Progress): Promise<void> => {
  const api = await until('API server', 60, async () => {
    const client = kubernetesApi(lab);
    await client.get('/api/v1/nodes');
    return client;
  });
  progress('control plane ready');
  try {
    // The namespaces come with the first chart, and Secrets need them; the nodes register meanwhile.
    const [first = [], ...rest] = charts;
    // Whom to trust is waited for like a Secret: the first certificate, and the gateways that serve it, come after it.
    const secrets: readonly KubernetesObject[] = [...(await createSecrets(lab, shared)), ...(hasAuthority(lab) ? await trustObjects(lab) : [])];
    const secretsOf = (objects: readonly KubernetesObject[]): readonly KubernetesObject[] => {
      const made = new Set(objects.filter(({ kind }) => kind === 'Namespace').map(({ metadata }) => metadata.name));
      return secrets.filter(({ metadata }) => made.has(metadata.namespace ?? ''));
    };
    await applyAll(api, first);
    await applyAll(api, [...persistentVolumes(lab), ...secretsOf(first), await repositorySecret(lab)]);
    await until('volumes available', 60, async () =>
      (await api.list<Volume>('/api/v1/persistentvolumes')).every((v) => v.status.phase === 'Available') ? true : undefined,
    );
    for (const chart of rest) {
      // Pods without volumes go where there are nodes, and nothing moves them when more come.
      if (chart.some(({ kind, metadata }) => kind === 'Namespace' && metadata.name === APPLICATION_NAMESPACE)) await nodesReady(lab, api);
      // A first release that finds no database runs into its deadline, and is given up for good.
      if (chart.some(({ kind }) => kind === 'Rollout')) await awaitHealth(lab, api, progress, WITH_WORKLOADS_SECONDS, dataTierHealth);
      await applyAll(api, chart);
      await applyAll(api, secretsOf(chart));
    }
    progress('charts applied');
    await nodesReady(lab, api);
    progress(`${lab.nodes.length} nodes ready`);
    await awaitHealth(lab, api, progress, lab.environment.workloads.length === 0 ? 180 : WITH_WORKLOADS_SECONDS);
    await markUp(lab);
  } finally {
    api.close();
  }
};

const nodesReady = async (lab: LabSettings, api: KubernetesApi): Promise<void> => {
  await until('nodes Ready', 60, async () => ((await api.list<Node>('/api/v1/nodes')).filter(isReady).length === lab.nodes.length ? true : undefined), 0.2);
};

/** A volume that is not yet known to be free is passed over: etcd would take the database's larger one, and the database would find none. */
interface Volume {
  readonly status: { readonly phase?: string };
}

const applyAll = async (api: KubernetesApi, objects: readonly KubernetesObject[]): Promise<void> => {
  for (const object of objects) {
    let refusal: ApiError | undefined;
    const apply = async (): Promise<true | undefined> => {
      try {
        await api.apply(object);
        return true;
      } catch (error) {
        if (!(error instanceof ApiError) || ![400, 422].includes(error.status)) throw error;
        refusal = error; // trying again would not help
        return true;
      }
    };
    await until(`${object.kind} ${object.metadata.name}`, 20, apply, 0.2);
    if (refusal !== undefined) throw refusal;
  }
};

/** Waits until nothing is to be complained of, telling what is missing when that changes. */
export const awaitHealth = async (
  lab: LabSettings,
  api: KubernetesApi,
  progress: Progress,
  withinSeconds: number,
  look: typeof health = health,
): Promise<void> => {
  const tls = clientTls(await readCredentials(lab));
  let told = '';
  let missing: readonly string[] = [];
  try {
    await until(
      'healthy lab',
      withinSeconds,
      async () => {
        missing = (await look(lab, api, tls)).complaints;
        if (missing.length === 0) return true;
        const line = `waiting for ${missing.join('; ')}`;
        if (line !== told) progress(line);
        told = line;
        return undefined;
      },
      0.3,
    );
  } catch (error) {
    throw new Error(`the lab is not healthy after ${withinSeconds} s: ${missing.join('; ')}; logs: ${lab.logs}, \`holdfast lab logs\``, { cause: error });
  }
};
