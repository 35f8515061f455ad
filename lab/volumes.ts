/** The lab's disks: local PersistentVolumes per node and service, bound to their zone like EBS volumes. */
import { delayedReplicaName, NAMESPACE } from '../lib/topology/derive';
import { type Gibibytes, storageQuantity } from '../lib/topology/units';
import { cacheVolumes } from './cache-tier/volumes';
import type { KubernetesObject } from './kubernetes/api';
import { volumePath } from './kubernetes/node';
import type { LabSettings, NodeSettings } from './settings';

interface Volume extends KubernetesObject {
  readonly spec: object;
}

/** @param claim the only one that may have it; @default - any claim of its size */
const volume = (node: NodeSettings, name: string, size: Gibibytes, claim?: { readonly namespace: string; readonly name: string }): Volume => ({
  apiVersion: 'v1',
  kind: 'PersistentVolume',
  metadata: { name: `${name}-${node.name}` },
  spec: {
    capacity: { storage: storageQuantity(size) },
    accessModes: ['ReadWriteOnce'],
    persistentVolumeReclaimPolicy: 'Retain',
    storageClassName: 'holdfast-data',
    local: { path: volumePath(node, name) },
    nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [node.name] }] }] } },
    ...(claim === undefined ? {} : { claimRef: claim }),
  },
});

export const persistentVolumes = (lab: LabSettings): readonly KubernetesObject[] => [
  ...lab.nodes.flatMap((node) => [
    ...(['etcd', 'postgres'] as const).map((service) => volume(node, service, lab.region[service].storage)),
    ...cacheVolumes(lab, node).map(({ name, claim, size }) => volume(node, name, size, claim)),
  ]),
  // Of the replica that stays behind: on the last node, and for its claim only.
  ...lab.nodes.slice(-1).map((node) =>
    volume(node, 'delayed', lab.region.postgres.storage, { namespace: NAMESPACE, name: `data-${delayedReplicaName(lab.region)}-0` }),
  ),
];
