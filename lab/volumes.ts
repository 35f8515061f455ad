/** The lab's disks: one local PersistentVolume per node and service, bound to its zone like an EBS volume. */
import { delayedReplicaName, NAMESPACE } from '../lib/topology/derive';
import { storageQuantity } from '../lib/topology/units';
import type { KubernetesObject } from './kubernetes/api';
import { volumePath } from './kubernetes/node';
import type { LabSettings } from './settings';

export const persistentVolumes = (lab: LabSettings): readonly KubernetesObject[] => [...memberVolumes(lab), ...delayedVolume(lab)];

const memberVolumes = (lab: LabSettings): readonly KubernetesObject[] =>
  lab.nodes.flatMap((node) =>
    (['etcd', 'postgres'] as const).map((service) => ({
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name: `${service}-${node.name}` },
      spec: {
        capacity: { storage: storageQuantity(lab.region[service].storage) },
        accessModes: ['ReadWriteOnce'],
        persistentVolumeReclaimPolicy: 'Retain',
        storageClassName: 'holdfast-data',
        local: { path: volumePath(node, service) },
        nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [node.name] }] }] } },
      },
    })),
  );

/** Of the replica that stays behind: on the last node, and for its claim only. */
const delayedVolume = (lab: LabSettings): readonly KubernetesObject[] =>
  lab.nodes.slice(-1).map((node) => ({
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: `delayed-${node.name}` },
    spec: {
      capacity: { storage: storageQuantity(lab.region.postgres.storage) },
      accessModes: ['ReadWriteOnce'],
      persistentVolumeReclaimPolicy: 'Retain',
      storageClassName: 'holdfast-data',
      claimRef: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace: NAMESPACE, name: `data-${delayedReplicaName(lab.region)}-0` },
      local: { path: volumePath(node, 'delayed') },
      nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [node.name] }] }] } },
    },
  }));
