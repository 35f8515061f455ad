/** One look at every port that speaks TLS, and at every public name. */
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

/** Every certificate, what ends first coming first. @throws Error when the trusted roots can't be read */
export const lookAtAll = async (config: MonitorConfig, api: PodLister, now: () => number): Promise<readonly ServedCertificate[]> => {
  const [everybody, own] = [config.rootsFile, config.ownRootsFile].map((file) => certificatesIn(readFileSync(file, 'utf8')));
  const ports = await Promise.all(
    config.ports.map(async (watched) => {
      const roots = (watched.trust === 'own' ? own : everybody) ?? [];
      return (await seePort(api, watched)).map((sighting) => judgeServed(sighting, { thresholds: config.thresholdsOf[watched.trust], roots, now: now() }));
    }),
  );
  const names = await Promise.all(config.names.map(seeName));
  return sorted([
    ...ports.flat(),
    ...names.map((sighting) => judgeServed(sighting, { thresholds: config.thresholdsOf.public, roots: everybody ?? [], now: now() })),
  ]);
};
