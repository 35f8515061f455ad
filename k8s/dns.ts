import {
  type Container,
  IntOrString,
  KubeClusterRole,
  KubeClusterRoleBinding,
  KubeConfigMap,
  KubeDaemonSet,
  KubeService,
  KubeServiceAccount,
  type PodSpec,
} from 'cdk8s-plus-27/lib/imports/k8s';
import type { Construct } from 'constructs';
import { corefile, DNS_HEALTH_PORT, DNS_PORT, DNS_READY_PORT } from '../lib/services/corefile';
import { mebibytes, millicores } from '../lib/topology/units';
import { hostAddress } from './addresses';
import type { ChartContext } from './data-chart';
import { DNS_NAMESPACE } from './names';
import { configurationHash, configVolume, container, podSecurity, readOnly, resources } from './pods';

const NAME = 'coredns';
/** The label by which everybody knows the cluster DNS. */
const LABELS = { 'k8s-app': 'kube-dns', 'app.kubernetes.io/name': NAME, 'app.kubernetes.io/part-of': 'holdfast' };
const SELECTOR = { 'k8s-app': 'kube-dns' };
const metadata = (name: string): { name: string; namespace: string; labels: Record<string, string> } => ({ name, namespace: DNS_NAMESPACE, labels: LABELS });

/**
 * The cluster DNS: one CoreDNS on every node, and `internalTrafficPolicy: Local`, so that a lookup never leaves its node. With two replicas somewhere, losing the
 * node of one of them costs every lookup its timeouts, in the midst of a failover.
 */
export const defineClusterDns = (scope: Construct, context: ChartContext): void => {
  const data = { Corefile: corefile() };
  allowToWatchServices(scope);
  new KubeConfigMap(scope, 'dns-configuration', { metadata: metadata(NAME), data });
  new KubeDaemonSet(scope, 'dns', {
    metadata: metadata(NAME),
    spec: {
      selector: { matchLabels: SELECTOR },
      // The new one is there before the old one goes: nodes are never without DNS.
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: IntOrString.fromNumber(1), maxUnavailable: IntOrString.fromNumber(0) } },
      template: { metadata: { labels: LABELS, annotations: configurationHash(data) }, spec: podSpec(context) },
    },
  });
  defineService(scope, context);
};

const podSpec = (context: ChartContext): PodSpec => ({
  serviceAccountName: NAME,
  enableServiceLinks: false,
  priorityClassName: 'system-node-critical',
  securityContext: podSecurity,
  // The node's own resolver: this pod can't ask itself.
  dnsPolicy: 'Default',
  tolerations: [{ operator: 'Exists' }],
  terminationGracePeriodSeconds: 10,
  containers: [corednsContainer(context)],
  volumes: [configVolume('configuration', NAME)],
});

const corednsContainer = ({ platform }: ChartContext): Container =>
  container({
    name: NAME,
    image: platform.images.coredns,
    imagePullPolicy: platform.imagePullPolicy,
    args: ['-conf', '/etc/coredns/Corefile'],
    resources: resources({ cpu: millicores(50), memory: mebibytes(96), cpuLimit: millicores(500) }),
    ports: [
      { name: 'dns', containerPort: DNS_PORT, protocol: 'UDP' },
      { name: 'dns-tcp', containerPort: DNS_PORT, protocol: 'TCP' },
    ],
    readinessProbe: { httpGet: { path: '/ready', port: IntOrString.fromNumber(DNS_READY_PORT) }, periodSeconds: 2, failureThreshold: 2 },
    livenessProbe: { httpGet: { path: '/health', port: IntOrString.fromNumber(DNS_HEALTH_PORT) }, periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 5 },
    volumeMounts: [readOnly('configuration', '/etc/coredns')],
  });

const defineService = (scope: Construct, { region }: ChartContext): void => {
  new KubeService(scope, 'dns-service', {
    metadata: metadata('kube-dns'),
    spec: {
      // The address that kubelets tell their pods: the tenth of the service range.
      clusterIp: hostAddress(region.network.serviceCidr, 10),
      internalTrafficPolicy: 'Local',
      selector: SELECTOR,
      ports: [
        { name: 'dns', port: 53, protocol: 'UDP', targetPort: IntOrString.fromNumber(DNS_PORT) },
        { name: 'dns-tcp', port: 53, protocol: 'TCP', targetPort: IntOrString.fromNumber(DNS_PORT) },
      ],
    },
  });
};

const allowToWatchServices = (scope: Construct): void => {
  new KubeServiceAccount(scope, 'dns-account', { metadata: metadata(NAME) });
  new KubeClusterRole(scope, 'dns-role', {
    metadata: { name: 'holdfast:coredns', labels: LABELS },
    rules: [
      { apiGroups: [''], resources: ['services', 'namespaces', 'endpoints', 'pods'], verbs: ['list', 'watch'] },
      { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['list', 'watch'] },
    ],
  });
  new KubeClusterRoleBinding(scope, 'dns-binding', {
    metadata: { name: 'holdfast:coredns', labels: LABELS },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'holdfast:coredns' },
    subjects: [{ kind: 'ServiceAccount', name: NAME, namespace: DNS_NAMESPACE }],
  });
};
