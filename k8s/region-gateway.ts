/** What other regions reach of this one, by addresses that follow from the model. */
import { JsonPatch } from 'cdk8s';
import { KubeService } from 'cdk8s-plus-27/lib/imports/k8s';
import type { Construct } from 'constructs';
import { GATEWAY_PORTS, gatewayAddresses, hasPeers, peersOf, REGION_STATUS_PORT, regionStatusAddresses } from '../lib/topology/regions';
import { isolatedSubnetName } from '../lib/topology/subnets';
import { type ChartContext, servicePorts } from './data-chart';
import { type Component, labelsOf, NAMESPACE, selectorOf } from './names';
import { addressesOf, type Allowed } from './network-policies';
import { patchedObject } from './patched-object';

export interface Entrance {
  readonly name: string;
  /** Whose pods it leads to. */
  readonly component: Component;
  readonly addresses: readonly string[];
  readonly ports: Readonly<Record<string, number>>;
  /** Also pods that are not ready: a region that is just starting must be able to say what it was. */
  readonly always: boolean;
}

/**
 * Two Services, because they differ in whom they lead to: `region-gateway` to ready poolers (forwarded writes) and through them to the leader (standby leaders'
 * streams); `region-status` to every follower, ready or not.
 */
export const defineRegionGateway = (scope: Construct, context: ChartContext): void => {
  const { environment, region, platform } = context;
  if (!hasPeers(environment) || platform.regionGateway === 'none') return;
  entrance(scope, context, { name: 'region-gateway', component: 'pgbouncer', addresses: gatewayAddresses(region), ports: GATEWAY_PORTS, always: false });
  entrance(scope, context, {
    name: 'region-status',
    component: 'pgbouncer',
    addresses: regionStatusAddresses(region),
    ports: { status: REGION_STATUS_PORT },
    always: true,
  });
};

/** A Service at addresses that other regions know. */
export const entrance = (scope: Construct, context: ChartContext, { name, component, addresses, ports, always }: Entrance): void => {
  const { environment, platform } = context;
  const service: unknown = KubeService.manifest({
    metadata: { name, namespace: NAMESPACE, labels: labelsOf(component, environment) },
    spec: { selector: selectorOf(component), ports: servicePorts(ports), publishNotReadyAddresses: always },
  });
  const patch = platform.regionGateway === 'aws-nlb' ? onLoadBalancer(context, addresses) : [JsonPatch.add('/spec/externalIPs', [...addresses])];
  patchedObject(scope, name, service, ...patch);
};

const ANNOTATION = 'service.beta.kubernetes.io/aws-load-balancer';

/**
 * An internal Network Load Balancer with one given address in each zone's isolated subnet, made by the AWS Load Balancer Controller. Each of its addresses leads to pods in
 * every zone. Pods see its addresses, not the callers': who may come in is said by its security group, to which the controller also opens the nodes.
 */
const onLoadBalancer = ({ environment, region }: ChartContext, addresses: readonly string[]): JsonPatch[] => {
  const annotations = {
    [`${ANNOTATION}-scheme`]: 'internal',
    [`${ANNOTATION}-nlb-target-type`]: 'ip',
    [`${ANNOTATION}-subnets`]: region.zones.map((zone) => isolatedSubnetName(environment, zone)).join(','),
    [`${ANNOTATION}-private-ipv4-addresses`]: addresses.join(','),
    [`${ANNOTATION}-attributes`]: 'load_balancing.cross_zone.enabled=true',
    [`${ANNOTATION}-target-group-attributes`]:
      'preserve_client_ip.enabled=false,deregistration_delay.timeout_seconds=30,deregistration_delay.connection_termination.enabled=true',
    // The shortest that there are: a pod that died is left out after ten seconds.
    [`${ANNOTATION}-healthcheck-interval`]: '5',
    [`${ANNOTATION}-healthcheck-healthy-threshold`]: '2',
    [`${ANNOTATION}-healthcheck-unhealthy-threshold`]: '2',
  };
  return [
    JsonPatch.add('/metadata/annotations', annotations),
    JsonPatch.add('/spec/type', 'LoadBalancer'),
    JsonPatch.add('/spec/loadBalancerClass', 'service.k8s.aws/nlb'),
    // Pods are the targets: no port of the nodes is needed.
    JsonPatch.add('/spec/allocateLoadBalancerNodePorts', false),
    JsonPatch.add(
      '/spec/loadBalancerSourceRanges',
      environment.regions.map(({ network }) => network.vpcCidr),
    ),
  ];
};

/** From other regions, and from this one's own nodes and load balancers, which pass it on. */
export const gatewayIngress = ({ environment }: ChartContext): readonly Allowed[] =>
  hasPeers(environment)
    ? environment.regions.map((region) => ({ peer: addressesOf(region.network.vpcCidr), ports: [...Object.values(GATEWAY_PORTS), REGION_STATUS_PORT] }))
    : [];

/** To the other regions' gateways. */
export const gatewayEgress = ({ environment, region }: ChartContext, ports: readonly number[]): readonly Allowed[] =>
  peersOf(environment, region).map((peer) => ({ peer: addressesOf(peer.network.vpcCidr), ports }));
