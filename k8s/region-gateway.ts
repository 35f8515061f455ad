/** What other regions reach of this one, by addresses that follow from the model. */
import { JsonPatch } from 'cdk8s';
import { KubeService } from 'cdk8s-plus-27/lib/imports/k8s';
import type { Construct } from 'constructs';
import { GATEWAY_PORTS, gatewayAddresses, hasPeers, peersOf, REGION_STATUS_PORT, regionStatusAddresses } from '../lib/topology/regions';
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
export const entrance = (scope: Construct, { environment }: ChartContext, { name, component, addresses, ports, always }: Entrance): void => {
  const service: unknown = KubeService.manifest({
    metadata: { name, namespace: NAMESPACE, labels: labelsOf(component, environment) },
    spec: { selector: selectorOf(component), ports: servicePorts(ports), publishNotReadyAddresses: always },
  });
  patchedObject(scope, name, service, JsonPatch.add('/spec/externalIPs', [...addresses]));
};

/** From other regions, and from this one's own nodes and load balancers, which pass it on. */
export const gatewayIngress = ({ environment }: ChartContext): readonly Allowed[] =>
  hasPeers(environment)
    ? environment.regions.map((region) => ({ peer: addressesOf(region.network.vpcCidr), ports: [...Object.values(GATEWAY_PORTS), REGION_STATUS_PORT] }))
    : [];

/** To the other regions' gateways. */
export const gatewayEgress = ({ environment, region }: ChartContext, ports: readonly number[]): readonly Allowed[] =>
  peersOf(environment, region).map((peer) => ({ peer: addressesOf(peer.network.vpcCidr), ports }));
