/** The data tier's pods: where they are, and how they get a changed Secret at once. */
import { request } from 'node:http';
import { FOLLOWER_PORT } from '../../lib/services/follower';
import { NAMESPACE } from '../../lib/topology/derive';
import { nameIn, regionsOf, type Cluster, type World } from './ports';

export interface Pod {
  readonly metadata: { readonly name: string; readonly uid?: string; readonly deletionTimestamp?: string };
  readonly status: { readonly podIP?: string; readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

export interface Located {
  readonly name: string;
  readonly address: string;
}

export type Component = 'etcd' | 'postgres' | 'pgbouncer' | 'cache' | 'cache-keeper' | 'cache-sync';

const path = (component: Component): string => `/api/v1/namespaces/${NAMESPACE}/pods?labelSelector=app.kubernetes.io/name%3D${component}`;

export const podsOf = (cluster: Cluster, component: Component): Promise<readonly Pod[]> => cluster.list<Pod>(path(component));

/** Those that have an address and are not on their way out. */
export const located = async (cluster: Cluster, component: Component): Promise<readonly Located[]> =>
  (await podsOf(cluster, component)).flatMap(({ metadata, status }) =>
    status.podIP === undefined || metadata.deletionTimestamp !== undefined ? [] : [{ name: metadata.name, address: status.podIP }],
  );

/** The same in every region. */
export const locatedEverywhere = async (world: World, component: Component): Promise<readonly Located[]> => {
  const found = await Promise.all(
    regionsOf(world).map(async (one) => (await located(one.cluster, component)).map(({ name, address }) => ({ name: nameIn(world, one, name), address }))),
  );
  return found.flat();
};

/**
 * A kubelet looks at a pod's Secrets when it looks at the pod: about once a minute, or at once when the pod itself has changed.
 * That is all this annotation is for.
 */
export const refreshSecrets = async (world: World, components: readonly Component[]): Promise<void> => {
  const annotations = { 'holdfast.dev/secrets-refreshed-at': new Date(world.now()).toISOString() };
  for (const { cluster } of regionsOf(world)) {
    const pods = (await Promise.all(components.map((component) => podsOf(cluster, component)))).flat();
    await Promise.all(pods.map((pod) => cluster.patch(`/api/v1/namespaces/${NAMESPACE}/pods/${pod.metadata.name}`, { metadata: { annotations } })));
  }
};

export interface PoolerClients {
  readonly ageSeconds: number;
  readonly byUser: Readonly<Record<string, number>>;
}

/** Who is logged in at a pooler, as its follower counted. @throws Error when it does not say */
export const clientsOf = (pooler: Located): Promise<PoolerClients> =>
  new Promise((resolve, reject) => {
    const outgoing = request({ host: pooler.address, port: FOLLOWER_PORT, path: '/clients', timeout: 3000 }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('error', reject);
      answer.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        if (answer.statusCode === 200) resolve(JSON.parse(text) as PoolerClients);
        else reject(new Error(`${pooler.name} answered ${answer.statusCode ?? '?'}: ${text.trim()}`));
      });
    });
    outgoing.on('timeout', () => outgoing.destroy(new Error(`${pooler.name}: no answer within 3 s`)));
    outgoing.on('error', reject);
    outgoing.end();
  });
