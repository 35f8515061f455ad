import { IntOrString, KubeNetworkPolicy, type NetworkPolicyPeer, type NetworkPolicyPort } from 'cdk8s-plus-27/lib/imports/k8s';
import type { Construct } from 'constructs';
import { DNS_PORT } from '../lib/services/corefile';
import { type Component, DNS_NAMESPACE, NAMESPACE, selectorOf } from './names';

const tcp = (...ports: readonly number[]): NetworkPolicyPort[] => ports.map((port) => ({ protocol: 'TCP', port: IntOrString.fromNumber(port) }));

export const podsOf = (component: Component): NetworkPolicyPeer => ({ podSelector: { matchLabels: selectorOf(component) } });
export const addressesOf = (cidr: string): NetworkPolicyPeer => ({ ipBlock: { cidr } });
export const namespacesWith = (matchLabels: Record<string, string>): NetworkPolicyPeer => ({ namespaceSelector: { matchLabels } });

/** One thing that may happen: from or to whom, on which TCP ports. */
export interface Allowed {
  readonly peer: NetworkPolicyPeer;
  readonly ports: readonly number[];
}

/** EKS' agent on every node, at the same address on all of them: gives pods the credentials of their role. */
export const podIdentityAgent: Allowed = { peer: addressesOf('169.254.170.23/32'), ports: [80] };

/** Nothing in the namespace may talk to anything, until a policy of its own allows it. */
export const denyByDefault = (scope: Construct, namespace: string = NAMESPACE): void => {
  new KubeNetworkPolicy(scope, namespace === NAMESPACE ? 'deny-by-default' : `deny-by-default-${namespace}`, {
    metadata: { name: 'deny-by-default', namespace },
    spec: { podSelector: {}, policyTypes: ['Ingress', 'Egress'] },
  });
};

/** Pods of one kind, wherever they are. */
export interface Restricted {
  readonly name: string;
  readonly namespace: string;
  readonly selector: Record<string, string>;
}

/** What these pods may do besides asking for names. */
export const restrictPods = (scope: Construct, of: Restricted, ingress: readonly Allowed[], egress: readonly Allowed[], id = 'network-policy'): void => {
  new KubeNetworkPolicy(scope, id, {
    metadata: { name: of.name, namespace: of.namespace },
    spec: {
      podSelector: { matchLabels: of.selector },
      policyTypes: ['Ingress', 'Egress'],
      ingress: ingress.map((allowed) => ({ from: [allowed.peer], ports: tcp(...allowed.ports) })),
      egress: [...egress.map((allowed) => ({ to: [allowed.peer], ports: tcp(...allowed.ports) })), dns],
    },
  });
};

export const allowTraffic = (
  scope: Construct,
  component: Component,
  ingress: readonly Allowed[],
  egress: readonly Allowed[],
  namespace: string = NAMESPACE,
): void => restrictPods(scope, { name: component, namespace, selector: selectorOf(component) }, ingress, egress);

/** Both ports: some network plugins look at the Service's, others at the pod's. */
export const dns = {
  to: [
    {
      namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': DNS_NAMESPACE } },
      podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } },
    },
  ],
  ports: ['UDP', 'TCP'].flatMap((protocol) => [53, DNS_PORT].map((port) => ({ protocol, port: IntOrString.fromNumber(port) }))),
};
