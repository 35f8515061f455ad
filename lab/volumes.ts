/** The lab's disks: one local PersistentVolume per node and service, bound to its zone like an EBS volume. */
import { storageQuantity } from '../lib/topology/units';
import type { KubernetesObject } from './kubernetes/api';
import { volumePath } from './kubernetes/node';
import type { LabSettings } from './settings';

export const persistentVolumes = (lab: LabSettings): readonly KubernetesObject[] =>
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
