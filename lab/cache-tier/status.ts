/** How the cache is, as its keepers say. */
import { CACHE_KEEPER_PORT, type CacheStatus } from '../../lib/services/cache-keeper';
import { cachePods } from '../../lib/topology/cache-placement';
import { NAMESPACE } from '../../lib/topology/derive';
import { isReady, type KubernetesApi, type Pod } from '../kubernetes/api';
import type { LabSettings } from '../settings';

const TIMEOUT_MS = 1000;
/** What a keeper saw longer ago says nothing about now; looks take longer while nodes are silent. */
const FRESH_MS = 5000;

const podsLabelled = (api: KubernetesApi, name: string): Promise<readonly Pod[]> =>
  api.list<Pod>(`/api/v1/namespaces/${NAMESPACE}/pods?labelSelector=app.kubernetes.io/name%3D${name}`);

const ask = async (address: string): Promise<CacheStatus> => {
  const response = await fetch(`http://${address}:${CACHE_KEEPER_PORT}/status`, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  if (!response.ok) throw new Error(`the keeper at ${address} answers ${response.status}`);
  return (await response.json()) as CacheStatus;
};

/** The newest status that a keeper gives, or null: none answers, or what they saw is old. */
export const cacheStatus = async (api: KubernetesApi): Promise<CacheStatus | null> => {
  const addresses = (await podsLabelled(api, 'cache-keeper')).flatMap((pod) => (pod.status.podIP === undefined ? [] : [pod.status.podIP]));
  const answers = await Promise.allSettled(addresses.map(ask));
  const newest = answers.flatMap((a) => (a.status === 'fulfilled' ? [a.value] : [])).sort((a, b) => b.at.localeCompare(a.at))[0];
  return newest !== undefined && Date.now() - Date.parse(newest.at) < FRESH_MS ? newest : null;
};

const notReady = (pods: readonly Pod[], expected: number, what: string): readonly string[] => {
  const ready = pods.filter((pod) => isReady(pod) && pod.metadata.deletionTimestamp === undefined).length;
  return ready === expected ? [] : [`${what}: ${ready} of ${expected} pods ready`];
};

/** Empty: healthy, or there is no cache. */
export const cacheComplaints = async ({ environment: { cache }, region }: LabSettings, api: KubernetesApi): Promise<readonly string[]> => {
  if (cache === null) return [];
  const [nodes, keepers] = await Promise.all([podsLabelled(api, 'cache'), podsLabelled(api, 'cache-keeper')]);
  const status = await cacheStatus(api);
  return [
    ...notReady(nodes, cachePods(cache, region).length, 'cache'),
    ...notReady(keepers, region.zones.length, 'cache-keeper'),
    ...(status === null ? ['cache: no keeper answers'] : status.complaints.map((complaint) => `cache: ${complaint}`)),
  ];
};
