/** Is the lab whole: its data tier, and its workloads? Asked strictly before every drill. */
import { NAMESPACE, postgresMemberCount } from '../lib/topology/derive';
import { isReady, type KubernetesApi, type Node, type Pod } from './kubernetes/api';
import { cacheComplaints } from './cache-tier/status';
import { clusterMembers, complaints, type PatroniClientTls, type PatroniMember } from './patroni';
import type { LabSettings } from './settings';
import { workloadComplaints } from './workload-health';

export const podsOf = (api: KubernetesApi, service: 'etcd' | 'postgres' | 'pgbouncer' | 'cache'): Promise<readonly Pod[]> =>
  api.list<Pod>(`/api/v1/namespaces/${NAMESPACE}/pods?labelSelector=app.kubernetes.io/name%3D${service}`);

export const addressesOf = (pods: readonly Pod[]): readonly string[] =>
  pods.flatMap((p) => (p.status.podIP === undefined || p.metadata.deletionTimestamp !== undefined ? [] : [p.status.podIP]));

export interface Health {
  readonly members: readonly PatroniMember[];
  /** Empty: healthy. */
  readonly complaints: readonly string[];
}

/** Machines, database, poolers, cache: what workloads need. */
export const dataTierHealth = async (lab: LabSettings, api: KubernetesApi, tls: PatroniClientTls): Promise<Health> => {
  const nodes = await api.list<Node>('/api/v1/nodes');
  const counts = {
    etcd: lab.region.etcd.members,
    postgres: postgresMemberCount(lab.region),
    pgbouncer: lab.region.zones.length * lab.region.pooler.replicasPerAz,
  };
  const kinds = ['etcd', 'postgres', 'pgbouncer'] as const;
  const pods = await Promise.all(kinds.map((kind) => podsOf(api, kind)));
  const podComplaints = kinds.flatMap((kind, i) => {
    const ready = (pods[i] ?? []).filter((p) => isReady(p) && p.metadata.deletionTimestamp === undefined).length;
    return ready === counts[kind] ? [] : [`${kind}: ${ready} of ${counts[kind]} pods ready`];
  });
  const members = await membersOrNone(tls, addressesOf(pods[1] ?? []));
  return {
    members: members.list,
    complaints: [
      ...nodes.filter((n) => !isReady(n)).map((n) => `${n.metadata.name} is not ready`),
      ...podComplaints,
      ...(await cacheComplaints(lab, api)),
      ...(members.error === undefined ? complaints(members.list, counts.postgres).map((c) => `PostgreSQL: ${c}`) : [`PostgreSQL: ${members.error}`]),
    ],
  };
};

/** All of it. */
export const health = async (lab: LabSettings, api: KubernetesApi, tls: PatroniClientTls): Promise<Health> => {
  const { members, complaints: ofTheData } = await dataTierHealth(lab, api, tls);
  return { members, complaints: [...ofTheData, ...(await workloadComplaints(lab, api, tls.ca))] };
};

const membersOrNone = async (tls: PatroniClientTls, addresses: readonly string[]): Promise<{ list: readonly PatroniMember[]; error?: string }> => {
  try {
    return { list: await clusterMembers(tls, addresses) };
  } catch (error) {
    return { list: [], error: error instanceof Error ? error.message : String(error) };
  }
};
