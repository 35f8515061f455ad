/** One look at every port that speaks TLS, and at every public name. */
import type { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { certificatesIn } from '../../lib/operations/certificates/chain';
import { judgeServed, sorted, type ServedCertificate, type Sighting } from '../../lib/operations/certificates/served';
import type { MonitorConfig, WatchedName, WatchedPort } from '../../lib/services/certificates';
import { reasonOf } from '../follower/log';
import { servedChain, type TlsPort } from '../served-chain';

interface Pod {
  readonly metadata: { readonly name: string; readonly deletionTimestamp?: string };
  readonly status: { readonly podIP?: string; readonly phase?: string };
}

/** The Kubernetes API, or what stands for it. */
export interface PodLister {
  readonly list: <T>(path: string) => Promise<readonly T[]>;
}

const podsPath = ({ namespace, component }: WatchedPort): string =>
  `/api/v1/namespaces/${namespace}/pods?labelSelector=app.kubernetes.io%2Fname%3D${component}`;

type Asked = Omit<Sighting, 'chain' | 'error'> & { readonly at: TlsPort };

const see = async ({ at, ...asked }: Asked): Promise<Sighting> => {
  try {
    return { ...asked, chain: await servedChain(at) };
  } catch (error) {
    return { ...asked, error: reasonOf(error) };
  }
};

const seePort = async (api: PodLister, watched: WatchedPort): Promise<readonly Sighting[]> => {
  const { component, port, speaks } = watched;
  let pods: readonly Pod[];
  try {
    pods = await api.list<Pod>(podsPath(watched));
  } catch (error) {
    return [{ endpoint: `${component}:${port}`, component, names: watched.names, error: `its pods are not known: ${reasonOf(error)}` }];
  }
  const there = pods.filter(({ metadata, status }) => metadata.deletionTimestamp === undefined && status.phase === 'Running' && status.podIP !== undefined);
  // Nobody to ask is no good news either.
  if (there.length === 0) return [{ endpoint: `${component}:${port}`, component, names: watched.names, error: 'no pod of it runs' }];
  return Promise.all(
    there.map(({ metadata: { name }, status: { podIP = '' } }) => {
      const names = watched.names.map((pattern) => pattern.replace('{pod}', name));
      const [serverName] = names;
      return see({ endpoint: `${name}:${port}`, component, names, at: { host: podIP, port, speaks, ...(serverName === undefined ? {} : { serverName }) } });
    }),
  );
};

const seeName = ({ host, port }: WatchedName): Promise<Sighting> =>
  see({ endpoint: `${host}:${port}`, component: 'edge', names: [host], at: { host, port, speaks: 'tls', serverName: host } });

export type Roots = Readonly<Record<WatchedPort['trust'], readonly X509Certificate[]>>;

/** Read again with each look: files change while this runs. @throws Error when one can't be read */
export const readRoots = ({ rootsFile, ownRootsFile }: Pick<MonitorConfig, 'rootsFile' | 'ownRootsFile'>): Roots => ({
  own: certificatesIn(readFileSync(ownRootsFile, 'utf8')),
  public: certificatesIn(readFileSync(rootsFile, 'utf8')),
});

export type Looking = Pick<MonitorConfig, 'ports' | 'names' | 'thresholdsOf'> & { readonly rootsOf: Roots };

/** Every certificate, what ends first coming first. */
export const lookAtAll = async ({ ports, names, thresholdsOf, rootsOf }: Looking, api: PodLister, now: () => number): Promise<readonly ServedCertificate[]> => {
  const judge = (sighting: Sighting, trust: WatchedPort['trust']): ServedCertificate =>
    judgeServed(sighting, { thresholds: thresholdsOf[trust], roots: rootsOf[trust], now: now() });
  const found = await Promise.all([
    ...ports.map(async (watched) => (await seePort(api, watched)).map((sighting) => judge(sighting, watched.trust))),
    ...names.map(async (name) => [judge(await seeName(name), 'public')]),
  ]);
  return sorted(found.flat());
};
