/** What all our pods have in common: identity, confinement, resources, volumes. */
import { createHash } from 'node:crypto';
import type {
  Container,
  EnvVar,
  KubePersistentVolumeClaimProps,
  PodSecurityContext,
  PodSpec,
  ResourceRequirements,
  SecurityContext,
  Toleration,
  Volume,
  VolumeMount,
  VolumeProjection,
} from 'cdk8s-plus-27/lib/imports/k8s';
import { Quantity } from 'cdk8s-plus-27/lib/imports/k8s';
import { RUN_AS } from '../lib/services/paths';
import type { Resources } from '../lib/topology/types';
import { cpuQuantity, type Gibibytes, memoryQuantity, storageQuantity } from '../lib/topology/units';
import { PRIORITY_CLASS, STORAGE_CLASS } from './names';

export const podSecurity: PodSecurityContext = {
  runAsNonRoot: true,
  runAsUser: RUN_AS,
  runAsGroup: RUN_AS,
  fsGroup: RUN_AS,
  // Without this, every start of a pod walks the whole volume.
  fsGroupChangePolicy: 'OnRootMismatch',
  seccompProfile: { type: 'RuntimeDefault' },
};

export const containerSecurity: SecurityContext = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ['ALL'] },
};

/** Names are resolved in full as they are written (a miss would otherwise be asked for with every suffix), and a silent server is given up after a second. */
const dnsConfig = {
  options: [
    { name: 'ndots', value: '1' },
    { name: 'timeout', value: '1' },
    { name: 'attempts', value: '3' },
  ],
};

export const ordinaryPod = {
  automountServiceAccountToken: false,
  enableServiceLinks: false,
  securityContext: podSecurity,
  dnsConfig,
} satisfies Partial<PodSpec>;
export const podDefaults = { ...ordinaryPod, priorityClassName: PRIORITY_CLASS } satisfies Partial<PodSpec>;

/** A StatefulSet's pod has its data on one node's zone: evicting it from a dead node gains nothing, and it must be there again when the node returns. */
export const stayOnDeadNode: Toleration[] = ['not-ready', 'unreachable'].map((condition) => ({
  key: `node.kubernetes.io/${condition}`,
  operator: 'Exists',
  effect: 'NoExecute',
}));

/** A stateless pod is replaced soon after its node is marked dead. */
export const leaveDeadNodeAfter = (tolerationSeconds: number): Toleration[] => stayOnDeadNode.map((toleration) => ({ ...toleration, tolerationSeconds }));

export const resources = (r: Resources): ResourceRequirements => ({
  requests: { cpu: Quantity.fromString(cpuQuantity(r.cpu)), memory: Quantity.fromString(memoryQuantity(r.memory)) },
  limits: { cpu: Quantity.fromString(cpuQuantity(r.cpuLimit)), memory: Quantity.fromString(memoryQuantity(r.memory)) },
});

/** Container fields every container of ours has. */
export const container = (c: Omit<Container, 'securityContext'> & { readonly resources: ResourceRequirements }): Container => ({
  ...c,
  securityContext: containerSecurity,
});

export const fieldEnv = (name: string, fieldPath: string): EnvVar => ({ name, valueFrom: { fieldRef: { fieldPath } } });
export const secretEnv = (name: string, secret: string, key: string): EnvVar => ({ name, valueFrom: { secretKeyRef: { name: secret, key } } });

/** A volume of its own for each member of a StatefulSet. */
export const dataVolumeClaim = (size: Gibibytes): KubePersistentVolumeClaimProps => ({
  metadata: { name: 'data' },
  spec: {
    accessModes: ['ReadWriteOnce'],
    storageClassName: STORAGE_CLASS,
    resources: { requests: { storage: Quantity.fromString(storageQuantity(size)) } },
  },
});

/** Read by owner and group only: PostgreSQL and others refuse a private key that anybody may read. */
const PRIVATE = 0o440;

export const tlsVolume = (name: string, secretName: string): Volume => ({ name, secret: { secretName, defaultMode: PRIVATE } });
export const caVolume = (name: string, secretName: string): Volume => ({
  name,
  secret: { secretName, defaultMode: PRIVATE, items: [{ key: 'ca.crt', path: 'ca.crt' }] },
});
/** The certificate and its authority, without the key. */
export const certificateVolume = (name: string, secretName: string): Volume => ({
  name,
  secret: { secretName, defaultMode: PRIVATE, items: ['ca.crt', 'tls.crt'].map((key) => ({ key, path: key })) },
});
export const configVolume = (name: string, configMap: string): Volume => ({ name, configMap: { name: configMap, defaultMode: PRIVATE } });
export const projectedVolume = (name: string, sources: VolumeProjection[]): Volume => ({ name, projected: { defaultMode: PRIVATE, sources } });
/** One key of a Secret, as a file of the same name; an empty directory while the Secret has no such key. */
export const secretFileVolume = (name: string, secretName: string, key: string): Volume => ({
  name,
  secret: { secretName, defaultMode: PRIVATE, optional: true, items: [{ key, path: key }] },
});
/** In memory, so that sockets and small files survive a full disk; counts against the pod's memory. */
export const memoryVolume = (name: string, mebibytes: number): Volume => ({
  name,
  emptyDir: { medium: 'Memory', sizeLimit: Quantity.fromString(`${mebibytes}Mi`) },
});

export const readOnly = (name: string, mountPath: string): VolumeMount => ({ name, mountPath, readOnly: true });

/** On the pod template: a changed configuration is a changed template, and rolls the pods one at a time. */
export const configurationHash = (data: Readonly<Record<string, string>>): Record<string, string> => ({
  // What CloudFormation fills in later (an account's id) has another name in every synthesis.
  'holdfast.dev/configuration-hash': createHash('sha256')
    .update(JSON.stringify(data).replaceAll(/\$\{Token\[[^\]]*\]\}/g, ''))
    .digest('hex')
    .slice(0, 16),
});
