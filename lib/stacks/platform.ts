import * as ec2 from 'aws-cdk-lib/aws-ec2';
import type * as eks from 'aws-cdk-lib/aws-eks-v2';
import type { Chart } from 'cdk8s';
import type { Construct } from 'constructs';
import type { AlertTopic } from '../constructs/alert-topic';
import { applyChart } from '../constructs/chart-manifest';
import { BackupAccess } from '../constructs/backup-access';
import { CertificateRenewal } from '../constructs/certificate-renewal';
import { ClusterAddon, NodeAddons, VolumeAddon } from '../constructs/cluster-addons';
import { ContainerImages, type ImageReferences } from '../constructs/container-images';
import { ExternalSecrets } from '../constructs/external-secrets';
import { KubernetesCluster } from '../constructs/kubernetes-cluster';
import { LoadBalancerController } from '../constructs/load-balancer-controller';
import { NodeGroups } from '../constructs/node-groups';
import { RegionalStack, type RegionalStackProps } from '../constructs/regional-stack';
import { RotationAccess } from '../constructs/rotation-access';
import { hasRotationJob } from '../services/rotation/job';
import { hasPeers } from '../topology/regions';
import { runsReferenceBackend } from '../topology/reference-backend';
import { publicWorkloads } from '../topology/gateway';
import type { Environment, Region } from '../topology/types';
import type { DataProtection } from './data-protection';

/** Renders a region's charts, in the order in which they have to be applied. */
export type ChartsFor = (environment: Environment, region: Region, images: ImageReferences) => readonly Chart[];

export interface PlatformProps extends RegionalStackProps {
  readonly vpc: ec2.IVpc;
  readonly dataProtection: DataProtection;
  readonly alerts: AlertTopic;
  readonly chartsFor: ChartsFor;
  /** The folder with the Dockerfiles. */
  readonly imagesDirectory: string;
}

/** The chart with namespaces, storage class, cluster DNS, issuers: part of the platform, since the volume driver resolves names. */
const FOUNDATION_CHART = 'cluster';

/** A cluster that can run the workloads: control plane, nodes in every AZ, pod network, DNS, volumes, certificates, secrets, images. */
export class Platform extends RegionalStack {
  readonly cluster: eks.ICluster;
  /** What is left to apply on the platform. */
  readonly workloadCharts: readonly Chart[];

  constructor(scope: Construct, props: PlatformProps) {
    super(scope, 'platform', 'EKS cluster, nodes, add-ons, images', props);
    const { environment, region, vpc } = props;
    const kubernetes = new KubernetesCluster(this, 'Kubernetes', { environment, region, vpc });
    this.cluster = kubernetes.cluster;
    new BackupAccess(this, 'BackupAccess', { environment, region, openIdConnect: kubernetes.openIdConnect });
    const charts = props.chartsFor(environment, region, this.buildImages(props));
    this.workloadCharts = charts.filter((chart) => chart.node.id !== FOUNDATION_CHART);
    const nodes = this.defineNodes();
    const { clusterName } = this.cluster;
    const certificates = new ClusterAddon(this, 'CertManager', {
      clusterName,
      addonName: 'cert-manager',
      after: [nodes, ...this.proveNames(props.alerts), ...this.rotatePasswords(props)],
    });
    const { release } = new ExternalSecrets(this, 'ExternalSecrets', {
      environment,
      region,
      cluster: this.cluster,
      encryptionKey: props.dataProtection.key,
      after: [nodes],
    });
    const foundation = this.layFoundation(charts, [certificates, release, ...this.balanceLoad(vpc, nodes)]);
    new VolumeAddon(this, 'Volumes', { clusterName, after: foundation });
  }

  private buildImages({ environment, region, imagesDirectory }: PlatformProps): ImageReferences {
    const instanceType = new ec2.InstanceType(region.cluster.instanceType);
    const engine = environment.cache === null ? {} : { cacheEngine: environment.cache.engine };
    return new ContainerImages(this, 'Images', {
      directory: imagesDirectory,
      instanceType,
      environment,
      ...engine,
      acme: environment.acme?.client === 'certbot',
      gateway: publicWorkloads(environment).length > 0,
      referenceBackend: runsReferenceBackend(environment),
    }).references;
  }

  /** Before whatever renews: cert-manager's pods, and the charts. */
  private proveNames(alerts: AlertTopic): readonly Construct[] {
    const { acme, dns } = this.environmentModel;
    if (acme === null || dns === null) return [];
    return [new CertificateRenewal(this, 'CertificateRenewal', { clusterName: this.cluster.clusterName, acme, dns, alerts })];
  }

  /** Where the job is deployed that rotates them. */
  private rotatePasswords({ environment, region, dataProtection }: PlatformProps): readonly Construct[] {
    if (!hasRotationJob(environment)) return [];
    return [new RotationAccess(this, 'RotationAccess', { environment, region, clusterName: this.cluster.clusterName, encryptionKey: dataProtection.key })];
  }

  private defineNodes(): NodeGroups {
    const addons = new NodeAddons(this, 'NodeAddons', { clusterName: this.cluster.clusterName, peerCidrs: this.peerCidrs() });
    const nodes = new NodeGroups(this, 'Nodes', { cluster: this.cluster, region: this.regionModel, clocks: this.environmentModel.clocks });
    nodes.node.addDependency(addons);
    return nodes;
  }

  /** Other regions reach this one at addresses of load balancers, and clients by one whose targets are the gateway's pods. With neither, nobody needs them. */
  private balanceLoad(vpc: ec2.IVpc, nodes: NodeGroups): readonly Construct[] {
    if (!hasPeers(this.environmentModel) && this.environmentModel.dns === null) return [];
    return [new LoadBalancerController(this, 'LoadBalancers', { cluster: this.cluster, vpc, after: [nodes] }).release];
  }

  private peerCidrs(): readonly string[] {
    return this.environmentModel.regions.filter((region) => region !== this.regionModel).map((region) => region.network.vpcCidr);
  }

  private layFoundation(charts: readonly Chart[], after: readonly Construct[]): eks.KubernetesManifest {
    const [foundation, ...more] = charts.filter((chart) => chart.node.id === FOUNDATION_CHART);
    if (foundation === undefined || more.length > 0) {
      throw new Error(
        `exactly one chart must be named "${FOUNDATION_CHART}" (namespaces, storage, DNS); got ${charts.map((c) => c.node.id).join(', ') || 'no charts'}`,
      );
    }
    // It holds the namespace of the databases' volume claims: deleting it would delete them.
    const manifest = applyChart(this.cluster, foundation, this.environmentModel.retainData);
    manifest.node.addDependency(...after);
    return manifest;
  }
}
