/** The volumes of the cache's nodes in the lab: a folder for each, for one claim only, so that no other service takes it. */
import { cachePods } from '../../lib/topology/cache-placement';
import { NAMESPACE } from '../../lib/topology/derive';
import type { Gibibytes } from '../../lib/topology/units';
import type { LabSettings, NodeSettings } from '../settings';

export interface CacheVolume {
  /** Of the folder and, with the machine's, of the volume. */
  readonly name: string;
  readonly claim: { readonly namespace: string; readonly name: string };
  readonly size: Gibibytes;
}

export const cacheVolumes = ({ environment: { cache }, region }: LabSettings, node: NodeSettings): readonly CacheVolume[] =>
  cache === null
    ? []
    : cachePods(cache, region)
        .filter((pod) => pod.zone === node.zone)
        .map(({ name }) => ({ name, claim: { namespace: NAMESPACE, name: `data-${name}` }, size: cache.storage }));
