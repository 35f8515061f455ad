import { Stage } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { EDGE_REGION } from '../topology/edge-names';
import { partitionOf } from '../topology/aws-regions';
import type { Environment, Region } from '../topology/types';
import type { AlertTopic } from '../constructs/alert-topic';
import { Alerts } from './alerts';
import { DataProtection } from './data-protection';
import { DnsAlarms, HEALTH_CHECK_METRICS_REGION } from './dns-alarms';
import { Drills } from './drills';
import { Edge } from './edge';
import { EdgeKey } from './edge-key';
import { Entrance } from './entrance';
import { Failover } from './failover';
import { Lease } from './lease';
import { Network } from './network';
import { PeeringRequest, PeeringReturn } from './peering';
import { Platform, type ChartsFor } from './platform';
import { SwitchRegion } from './switch-region';
import { Traffic } from './traffic';
import { Witness } from './witness';
import { Workloads } from './workloads';

export interface EnvironmentStageProps {
  readonly environment: Environment;
  /** Renders the charts; comes from outside, because the stacks do not know what runs on the clusters. */
  readonly chartsFor: ChartsFor;
  /** The folder with the Dockerfiles. */
  readonly imagesDirectory: string;
  /** The folder with the bundles of the functions, one folder each (`scripts/build.mjs lambdas`). */
  readonly lambdasDirectory: string;
}

/** Everything of one environment: `cdk deploy '<environment>/*'`. */
export class EnvironmentStage extends Stage {
  private readonly props: EnvironmentStageProps;
  private readonly topics = new Map<string, AlertTopic>();

  constructor(scope: Construct, props: EnvironmentStageProps) {
    super(scope, props.environment.name);
    this.props = props;
    const { environment } = props;
    const networks = environment.regions.map((region) => new Network(this, { environment, region }));
    this.peer(networks);
    const protections = this.protectData();
    const entrances = this.openEntrances(networks);
    networks.forEach((network) => this.defineWorkloads(network, protections, entrances));
    this.directTraffic(entrances);
    this.failOver(networks, protections);
    this.scheduleDrills(networks, protections);
  }

  /** The topic of a region with alarms: one, whichever stack asks first. */
  private alertsIn(regionName: string): AlertTopic {
    const known = this.topics.get(regionName);
    if (known !== undefined) return known;
    const { alerts } = new Alerts(this, { environment: this.props.environment, regionName });
    this.topics.set(regionName, alerts);
    return alerts;
  }

  /** In the home region: faults, and the alarms that stop them, are where the region is. */
  private scheduleDrills(networks: readonly Network[], protections: ReadonlyMap<Region, DataProtection>): void {
    const { environment, lambdasDirectory } = this.props;
    const network = networks.find(({ regionModel }) => regionModel.role === 'home');
    const dataProtection = network === undefined ? undefined : protections.get(network.regionModel);
    if (environment.drills.length === 0 || network === undefined || dataProtection === undefined) return;
    new Drills(this, { environment, region: network.regionModel, network, dataProtection, lambdasDirectory });
  }

  /** The functions find the lease, and the decider the workflows, by names from the model: none of these stacks waits for another region's answer. */
  private failOver(networks: readonly Network[], protections: ReadonlyMap<Region, DataProtection>): void {
    const { environment, lambdasDirectory } = this.props;
    const { failover } = environment;
    if (failover === null) return;
    const lease = new Lease(this, { environment, failover });
    const witness = new Witness(this, { environment, failover, lambdasDirectory });
    for (const network of networks) {
      const dataProtection = protections.get(network.regionModel);
      if (dataProtection === undefined) throw new Error(`no data protection for ${network.regionModel.name}`);
      const stack = new Failover(this, { environment, failover, region: network.regionModel, network, dataProtection, lambdasDirectory });
      stack.addStackDependency(lease);
      witness.addStackDependency(stack);
    }
  }

  /** How clients come into each region. Load balancers know CloudFront by a secret that comes before both; CloudFront asks the names of the tree, and comes last. */
  private openEntrances(networks: readonly Network[]): ReadonlyMap<Region, Entrance> {
    const { environment } = this.props;
    const { dns, edge } = environment;
    if (dns === null) return new Map();
    const key = edge === null ? undefined : new EdgeKey(this, { environment, edge });
    return new Map(
      networks.map((network) => {
        const entrance = new Entrance(this, { environment, dns, region: network.regionModel, network, alerts: this.alertsIn(network.regionName) });
        if (key !== undefined) entrance.addStackDependency(key);
        return [network.regionModel, entrance];
      }),
    );
  }

  /** A region's own name comes before the names that lead to it: Route 53 refuses an alias to nothing. */
  private directTraffic(entrances: ReadonlyMap<Region, Entrance>): void {
    const { environment } = this.props;
    const { dns, failover, edge } = environment;
    if (dns === null) return;
    const traffic = new Traffic(this, { environment, dns });
    entrances.forEach((entrance) => traffic.addStackDependency(entrance));
    if (edge !== null) new Edge(this, { environment, edge, dns, alerts: this.alertsIn(EDGE_REGION) }).addStackDependency(traffic);
    if (partitionOf(traffic.regionName) === partitionOf(HEALTH_CHECK_METRICS_REGION))
      new DnsAlarms(this, { environment, traffic, alerts: this.alertsIn(HEALTH_CHECK_METRICS_REGION) });
    if (failover?.trafficSwitch !== 'stopQuorum') return;
    for (const regionName of failover.switchRegions) traffic.addStackDependency(new SwitchRegion(this, { environment, regionName }));
  }

  /** Every two networks: after a failover the remaining standbys follow the new home. The later one in the model requests, the earlier accepts. */
  private peer(networks: readonly Network[]): void {
    const { environment } = this.props;
    const requests = networks.map((network, i) =>
      i === 0 ? undefined : new PeeringRequest(this, { environment, region: network.regionModel, network, peers: networks.slice(0, i) }),
    );
    networks.forEach((network, i) => {
      const received = requests.slice(i + 1).filter((request) => request !== undefined);
      if (received.length > 0) new PeeringReturn(this, { environment, region: network.regionModel, network, requests: received });
    });
  }

  private protectData(): ReadonlyMap<Region, DataProtection> {
    const { environment } = this.props;
    const define = (region: Region, standbys: readonly DataProtection[]): DataProtection =>
      new DataProtection(this, { environment, region, standbys, alerts: this.alertsIn(region.name) });
    const standbys = environment.regions.filter((r) => r.role === 'standby').map((region) => define(region, []));
    const homes = environment.regions.filter((r) => r.role === 'home').map((region) => define(region, standbys));
    return new Map([...homes, ...standbys].map((stack) => [stack.regionModel, stack]));
  }

  private defineWorkloads(network: Network, protections: ReadonlyMap<Region, DataProtection>, entrances: ReadonlyMap<Region, Entrance>): void {
    const { environment, chartsFor, imagesDirectory } = this.props;
    const region = network.regionModel;
    const dataProtection = protections.get(region);
    if (dataProtection === undefined) throw new Error(`no data protection for ${region.name}`);
    const platform = new Platform(this, {
      environment,
      region,
      vpc: network.vpc,
      dataProtection,
      alerts: this.alertsIn(region.name),
      chartsFor,
      imagesDirectory,
    });
    new Workloads(this, { environment, region, platform, entrance: entrances.get(region) });
  }
}
