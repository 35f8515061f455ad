import { APPLICATION_NAMESPACE, SYSTEM_NAMESPACE } from '../lib/topology/derive';
import type { Environment } from '../lib/topology/types';
import type { NetworkPolicyPeer } from 'cdk8s-plus-27/lib/imports/k8s';

/** On the pods of all workloads. */
export const ALL_WORKLOADS = { 'app.kubernetes.io/component': 'workload' };
export const workloadSelector = (name: string): Record<string, string> => ({ 'app.kubernetes.io/name': name, ...ALL_WORKLOADS });
export const workloadLabels = (name: string, { name: environment }: Environment): Record<string, string> => ({
  ...workloadSelector(name),
  'app.kubernetes.io/instance': environment,
});
/** Where the release is that nobody is served by yet. */
export const canaryService = (name: string): string => `${name}-canary`;
/** On the pods of the gateway, in the same namespace. */
export const GATEWAY_LABEL = { 'app.kubernetes.io/name': 'gateway' };

export const workloadPods = (name: string): NetworkPolicyPeer => ({ podSelector: { matchLabels: workloadSelector(name) } });
export const inNamespace = (namespace: string, matchLabels: Record<string, string>): NetworkPolicyPeer => ({
  namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
  podSelector: { matchLabels },
});

/** The lab's and AWS' metrics adapter, which reads the pods' metrics. */
export const METRICS_ADAPTER_PEER = inNamespace(SYSTEM_NAMESPACE, { 'app.kubernetes.io/name': 'metrics-adapter' });

/** In namespace `applications`: what workloads log in with, and whom they believe. */
export const APPLICATION_SECRETS = { database: 'database-client', databaseCa: 'database-ca', cache: 'cache-client', cacheCa: 'cache-ca' } as const;
export const inApplications = (name: string, labels: Record<string, string>): { name: string; namespace: string; labels: Record<string, string> } => ({
  name,
  namespace: APPLICATION_NAMESPACE,
  labels,
});
