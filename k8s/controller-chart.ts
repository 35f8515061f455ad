/** What the charts of the controllers have in common: each is a Deployment of two, of which one leads or both serve, with its own account. */
import { Chart } from 'cdk8s';
import {
  type Container,
  KubeDeployment,
  KubeRole,
  KubeRoleBinding,
  KubeServiceAccount,
  type PodSpec,
  type PolicyRule,
  type Probe,
  type Volume,
} from 'cdk8s-plus-27/lib/imports/k8s';
import type { Construct } from 'constructs';
import { CONTROLLER_REPLICAS } from '../lib/topology/controllers';
import type { ChartContext } from './data-chart';
import { disruptOneAtATime } from './disruption';
import { type Component, labelsOf, selectorOf } from './names';
import { addressesOf, type Allowed, allowTraffic } from './network-policies';
import { configurationHash, leaveDeadNodeAfter, podDefaults } from './pods';
import { overNodes } from './spread';
import { ROLLOUT } from './stateless';

/** Of the Kubernetes API: the Service's, and the one behind it where there is no load balancer before it. */
export const API_PORTS = [443, 6443];
/** The Kubernetes API, wherever it is. */
export const kubernetesApi: Allowed = { peer: addressesOf('0.0.0.0/0'), ports: API_PORTS };
const REPLACED_AFTER_SECONDS = 30;

export interface ControllerPod {
  readonly containers: Container[];
  readonly volumes?: Volume[];
  /** What a change of must restart it. */
  readonly configuration?: Readonly<Record<string, string>>;
  readonly priorityClassName?: string;
}

/** A busy node may start a program slowly: until it has answered once, nobody restarts it for not answering. */
export const slowStart = (probe: Probe): Probe => ({ ...probe, periodSeconds: 2, timeoutSeconds: 2, failureThreshold: 90 });

export abstract class ControllerChart extends Chart {
  protected constructor(
    scope: Construct,
    protected readonly component: Component,
    protected readonly namespaceName: string,
    protected readonly context: ChartContext,
  ) {
    super(scope, component, { disableResourceNameHashes: true });
  }

  protected get podLabels(): Record<string, string> {
    return labelsOf(this.component, this.context.environment);
  }

  protected metadataIn(namespace: string, name: string = this.component): { name: string; namespace: string; labels: Record<string, string> } {
    return { name, namespace, labels: this.podLabels };
  }

  protected get metadata(): { name: string; namespace: string; labels: Record<string, string> } {
    return this.metadataIn(this.namespaceName);
  }

  protected defineAccount(): void {
    new KubeServiceAccount(this, 'account', { metadata: this.metadata, automountServiceAccountToken: false });
  }

  /** Rights of its account in one namespace. */
  protected allowIn(namespace: string, rules: PolicyRule[]): void {
    const metadata = this.metadataIn(namespace);
    new KubeRole(this, `role-${namespace}`, { metadata, rules });
    this.bindIn(namespace, this.component, { kind: 'Role', name: this.component });
  }

  protected bindIn(namespace: string, name: string, role: { readonly kind: 'Role' | 'ClusterRole'; readonly name: string }): void {
    new KubeRoleBinding(this, `binding-${namespace}-${name}`, {
      metadata: this.metadataIn(namespace, name),
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', ...role },
      subjects: [{ kind: 'ServiceAccount', name: this.component, namespace: this.namespaceName }],
    });
  }

  protected defineDeployment({ containers, volumes = [], configuration = {}, priorityClassName }: ControllerPod): void {
    const spec: PodSpec = {
      ...podDefaults,
      ...(priorityClassName === undefined ? {} : { priorityClassName }),
      automountServiceAccountToken: true,
      serviceAccountName: this.component,
      terminationGracePeriodSeconds: 15,
      topologySpreadConstraints: [overNodes(this.component)],
      tolerations: leaveDeadNodeAfter(REPLACED_AFTER_SECONDS),
      containers,
      volumes,
    };
    new KubeDeployment(this, 'deployment', {
      metadata: this.metadata,
      spec: {
        replicas: CONTROLLER_REPLICAS,
        selector: { matchLabels: selectorOf(this.component) },
        strategy: ROLLOUT,
        template: { metadata: { labels: this.podLabels, annotations: configurationHash(configuration) }, spec },
      },
    });
    disruptOneAtATime(this, this.component, this.namespaceName);
  }

  protected restrictTraffic(ingress: readonly Allowed[], egress: readonly Allowed[] = []): void {
    allowTraffic(this, this.component, ingress, [kubernetesApi, ...egress], this.namespaceName);
  }
}
