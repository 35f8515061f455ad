import { Chart } from 'cdk8s';
import { IntOrString, KubeConfigMap, KubeDeployment, KubePodDisruptionBudget, KubeService } from 'cdk8s-plus-27/lib/imports/k8s';
import type { Construct } from 'constructs';
import { GATEWAY_KEEPER_CONFIG_FILE, gatewayKeeperJson } from '../lib/services/gateway-keeper';
import { haproxyCfg } from '../lib/services/haproxy';
import { BLOCKLIST_CONFIG } from '../lib/services/limits';
import { HAPROXY_FILE } from '../lib/services/paths';
import { APPLICATION_NAMESPACE } from '../lib/topology/derive';
import {
  GATEWAY,
  GATEWAY_KEEPER_PORT,
  GATEWAY_MEMBER_LABEL,
  GATEWAY_METRICS_PORT,
  GATEWAY_PEERS_PORT,
  GATEWAY_PORT,
  type GatewayMember,
  gatewayMembers,
  publicWorkloads,
} from '../lib/topology/gateway';
import type { Edge } from '../lib/topology/types';
import { type ChartContext, servicePorts } from './data-chart';
import { gatewayPod } from './gateway-pod';
import { labelsOf, MONITORING_LABEL, selectorOf } from './names';
import { addressesOf, type Allowed, namespacesWith, podsOf, restrictPods } from './network-policies';
import { configurationHash } from './pods';
import { ROLLOUT } from './stateless';
import { workloadPods } from './workload-names';

/**
 * HAProxy in every AZ. One Deployment for each, so that each member has a name that lasts: the others find what it has counted by it. No autoscaling: one of them serves
 * more than the web ACLs before it let through, and each limit is counted over all of them.
 */
export class GatewayChart extends Chart {
  private readonly configuration: Record<string, string>;

  constructor(
    scope: Construct,
    private readonly context: ChartContext,
    edge: Edge,
  ) {
    super(scope, GATEWAY, { disableResourceNameHashes: true });
    const { environment, region } = context;
    this.configuration = {
      [HAPROXY_FILE]: haproxyCfg(environment, region),
      [GATEWAY_KEEPER_CONFIG_FILE]: gatewayKeeperJson(edge),
      [BLOCKLIST_CONFIG.key]: `${edge.blocklist.join('\n')}\n`,
    };
    this.defineConfiguration();
    this.defineService();
    for (const member of gatewayMembers(region)) this.defineMember(member);
    this.disruptOneAtATime();
    this.restrictTraffic();
  }

  private metadata(name: string, labels: Record<string, string> = {}): { name: string; namespace: string; labels: Record<string, string> } {
    return { name, namespace: APPLICATION_NAMESPACE, labels: { ...labelsOf(GATEWAY, this.context.environment), ...labels } };
  }

  private defineConfiguration(): void {
    new KubeConfigMap(this, 'configuration', { metadata: this.metadata(GATEWAY), data: this.configuration });
    // Without content: what is in it is changed by commands, and applying this chart again must not take it back.
    new KubeConfigMap(this, 'blocklist', { metadata: this.metadata(BLOCKLIST_CONFIG.name) });
  }

  private defineService(): void {
    new KubeService(this, 'service', {
      metadata: this.metadata(GATEWAY),
      spec: { selector: selectorOf(GATEWAY), ports: servicePorts({ https: GATEWAY_PORT }) },
    });
  }

  private defineMember(member: GatewayMember): void {
    const { environment } = this.context;
    const own = { [GATEWAY_MEMBER_LABEL]: member.name };
    const selector = { ...selectorOf(GATEWAY), ...own };
    new KubeService(this, `${member.name}-peers`, {
      metadata: this.metadata(member.name, own),
      // What a member has counted is told to the others also while it starts.
      spec: { selector, publishNotReadyAddresses: true, ports: servicePorts({ peers: GATEWAY_PEERS_PORT }) },
    });
    new KubeDeployment(this, member.name, {
      metadata: this.metadata(member.name, own),
      spec: {
        replicas: 1,
        selector: { matchLabels: selector },
        // The keeper has told it everything by then.
        minReadySeconds: 3,
        strategy: ROLLOUT,
        template: {
          metadata: { labels: { ...labelsOf(GATEWAY, environment), ...own }, annotations: configurationHash(this.configuration) },
          spec: gatewayPod(this.context, member),
        },
      },
    });
  }

  private disruptOneAtATime(): void {
    new KubePodDisruptionBudget(this, 'disruption-budget', {
      metadata: this.metadata(GATEWAY),
      spec: { maxUnavailable: IntOrString.fromNumber(1), unhealthyPodEvictionPolicy: 'AlwaysAllow', selector: { matchLabels: selectorOf(GATEWAY) } },
    });
  }

  /** From the load balancer, which is in the VPC and lets in whom its security group does; to the pods of public workloads. */
  private restrictTraffic(): void {
    const { environment, region } = this.context;
    const peers: Allowed = { peer: podsOf(GATEWAY), ports: [GATEWAY_PEERS_PORT] };
    const pods = publicWorkloads(environment).map((workload): Allowed => ({
      peer: workloadPods(workload.name),
      ports: workload.ports.filter(({ name }) => name === workload.public.port).map(({ port }) => port),
    }));
    restrictPods(
      this,
      { name: GATEWAY, namespace: APPLICATION_NAMESPACE, selector: selectorOf(GATEWAY) },
      [
        { peer: addressesOf(region.network.vpcCidr), ports: [GATEWAY_PORT] },
        { peer: namespacesWith(MONITORING_LABEL), ports: [GATEWAY_METRICS_PORT, GATEWAY_KEEPER_PORT] },
        peers,
      ],
      [peers, ...pods],
    );
  }
}
