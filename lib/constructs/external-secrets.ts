import { Aws, Duration, Stack } from 'aws-cdk-lib';
import { CfnPodIdentityAssociation } from 'aws-cdk-lib/aws-eks';
import type * as eks from 'aws-cdk-lib/aws-eks-v2';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import { Construct, type IDependable } from 'constructs';
import { authoritySecretName, doorSecretName } from '../failover/names';
import { cacheSecretName, homeRegion, postgresSecretName } from '../topology/derive';
import type { Environment, Region } from '../topology/types';
import { PodIdentityRole } from './pod-identity';

/** The chart's version; 2.x serves external-secrets.io/v1, which our charts use. */
const CHART_VERSION = '2.11.0';
const NAMESPACE = 'external-secrets';

export interface ExternalSecretsProps {
  readonly environment: Environment;
  readonly region: Region;
  readonly cluster: eks.ICluster;
  /** The region's key, which encrypts the secret (in a standby region: its replica). */
  readonly encryptionKey: kms.IKey;
  /** What must be there first: the nodes. */
  readonly after: readonly IDependable[];
}

/** The External Secrets operator, which may read the passwords of this environment's PostgreSQL and cache, and nothing else. */
export class ExternalSecrets extends Construct {
  /** Installed when this is done; objects of its resource types come after it. */
  readonly release: eks.HelmChart;
  private readonly props: ExternalSecretsProps;

  constructor(scope: Construct, id: string, props: ExternalSecretsProps) {
    super(scope, id);
    this.props = props;
    const role = this.defineRole();
    const association = new CfnPodIdentityAssociation(this, 'Association', {
      clusterName: props.cluster.clusterName,
      namespace: role.namespace,
      serviceAccount: role.serviceAccount,
      roleArn: role.roleArn,
    });
    this.release = this.install(association);
  }

  private defineRole(): PodIdentityRole {
    const { environment, encryptionKey } = this.props;
    const role = new PodIdentityRole(this, 'Role', {
      namespace: NAMESPACE,
      serviceAccount: 'external-secrets',
      description: "Reads the passwords of this environment's PostgreSQL and cache",
    });
    // Secrets Manager appends a hyphen and six random characters to the name; a standby's replica bears the home's name.
    const home = homeRegion(environment);
    const names = [postgresSecretName(environment, home), ...(environment.cache === null ? [] : [cacheSecretName(environment, home)])];
    const secrets = names.map((name) => Stack.of(this).formatArn({ service: 'secretsmanager', resource: `secret:${name}-??????` }));
    role.addToPolicy(new iam.PolicyStatement({ actions: ['secretsmanager:GetSecretValue', 'secretsmanager:DescribeSecret'], resources: secrets }));
    role.addToPolicy(
      new iam.PolicyStatement({
        actions: ['kms:Decrypt'],
        resources: [encryptionKey.keyArn],
        conditions: { StringEquals: { 'kms:ViaService': `secretsmanager.${Stack.of(this).region}.${Aws.URL_SUFFIX}` } },
      }),
    );
    this.allowSharing(role);
    return role;
  }

  /**
   * Secrets that the clusters make, and others read: the authority that all regions have in common (made in the home region, which hands it to the others), and the
   * certificate of the failover's functions. Their values pass through no template and no code of ours.
   */
  private allowSharing(role: PodIdentityRole): void {
    const { environment, region } = this.props;
    if (environment.regions.length === 1) return;
    const secret = (of: string, name: string): string => Stack.of(this).formatArn({ service: 'secretsmanager', region: of, resource: `secret:${name}-??????` });
    const authority = authoritySecretName(environment);
    const written = [
      ...(region.role === 'home' ? environment.regions.map(({ name }) => secret(name, authority)) : []),
      ...(environment.failover === null ? [] : [secret(region.name, doorSecretName(environment))]),
    ];
    role.addToPolicy(
      new iam.PolicyStatement({
        actions: ['secretsmanager:GetSecretValue', 'secretsmanager:DescribeSecret'],
        resources: [...new Set([secret(region.name, authority), ...written])],
      }),
    );
    const actions = ['secretsmanager:CreateSecret', 'secretsmanager:PutSecretValue', 'secretsmanager:TagResource'];
    if (written.length > 0) role.addToPolicy(new iam.PolicyStatement({ actions, resources: written }));
  }

  private install(association: CfnPodIdentityAssociation): eks.HelmChart {
    const { cluster, after } = this.props;
    const chart = cluster.addHelmChart('ExternalSecrets', {
      repository: 'https://charts.external-secrets.io',
      chart: 'external-secrets',
      version: CHART_VERSION,
      release: 'external-secrets',
      namespace: NAMESPACE,
      createNamespace: true,
      wait: true,
      timeout: Duration.minutes(10),
      values: { installCRDs: true, serviceAccount: { name: 'external-secrets' } },
    });
    // Credentials are put into a pod when it starts: the association comes first.
    chart.node.addDependency(association, ...after);
    return chart;
  }
}
