import { ArnFormat, Aws, CfnJson, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { leaseTableName } from '../failover/names';
import { backupRoleName, NAMESPACE, repositoryRegions } from '../topology/derive';
import type { Environment, Region } from '../topology/types';
import { acknowledgeWildcard } from './acknowledge';
import { backupBucketName, dataKeyAlias } from './names';

/** The service account of the database's pods and backup jobs; the chart `cluster` makes it, with this role's ARN as an annotation. */
const SERVICE_ACCOUNT = 'backup-repository';

export interface BackupAccessProps {
  readonly environment: Environment;
  readonly region: Region;
  readonly openIdConnect: iam.IOpenIdConnectProvider;
}

/**
 * The role by which the database's pods read and write the backup repositories, and keep their region's lease. By the cluster's OIDC provider, not by EKS Pod Identity, which pgBackRest understands
 * from 2.58 on; Debian 13 has 2.55.
 */
export class BackupAccess extends Construct {
  constructor(scope: Construct, id: string, props: BackupAccessProps) {
    super(scope, id);
    const { environment, region, openIdConnect } = props;
    const role = this.defineRole(environment, region, openIdConnect);
    for (const each of repositoryRegions(environment, region)) {
      this.allowBucket(role, environment, each);
      this.allowKey(role, environment, each);
    }
    this.allowLease(role, environment);
  }

  private defineRole(environment: Environment, region: Region, openIdConnect: iam.IOpenIdConnectProvider): iam.Role {
    const issuer = openIdConnect.openIdConnectProviderIssuer;
    // The issuer is known at deployment only, and keys of a condition can't be filled in then: this can.
    const conditions = new CfnJson(this, 'Conditions', {
      value: { [`${issuer}:aud`]: 'sts.amazonaws.com', [`${issuer}:sub`]: `system:serviceaccount:${NAMESPACE}:${SERVICE_ACCOUNT}` },
    });
    return new iam.Role(this, 'Role', {
      roleName: backupRoleName(environment, region),
      description: "Reads and writes the backup repositories, for the database's pods",
      assumedBy: new iam.FederatedPrincipal(openIdConnect.openIdConnectProviderArn, { StringEquals: conditions }, 'sts:AssumeRoleWithWebIdentity'),
    });
  }

  private allowBucket(role: iam.Role, environment: Environment, region: Region): void {
    const resource = backupBucketName(environment, region);
    const bucket = Stack.of(this).formatArn({ service: 's3', region: '', account: '', resource, arnFormat: ArnFormat.NO_RESOURCE_NAME });
    role.addToPolicy(new iam.PolicyStatement({ actions: ['s3:ListBucket'], resources: [bucket] }));
    // Deleting makes a marker: the bucket keeps every version for the retention, and this role can't remove one.
    const actions = ['s3:GetObject', 's3:PutObject', 's3:DeleteObject', 's3:AbortMultipartUpload'];
    role.addToPolicy(new iam.PolicyStatement({ actions, resources: [`${bucket}/*`] }));
    acknowledgeWildcard(role, `${bucket}/*`, 'pgBackRest names the objects of this one bucket.');
  }

  /** The lease keeper is beside the database, in the same pod, and so has the same role. It reads and renews one item; it can't delete it. */
  private allowLease(role: iam.Role, environment: Environment): void {
    const { failover } = environment;
    if (failover === null) return;
    const resources = failover.leaseRegions
      .slice(0, 2)
      .map((region) => Stack.of(this).formatArn({ service: 'dynamodb', region, resource: 'table', resourceName: leaseTableName(environment) }));
    role.addToPolicy(
      new iam.PolicyStatement({
        actions: ['dynamodb:GetItem', 'dynamodb:PutItem'],
        resources,
        conditions: { 'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': ['lease'] } },
      }),
    );
  }

  /** Another region's key is known by its alias only: no stack waits for another region's answer. */
  private allowKey(role: iam.Role, environment: Environment, region: Region): void {
    const keys = Stack.of(this).formatArn({ service: 'kms', region: region.name, resource: 'key', resourceName: '*' });
    role.addToPolicy(
      new iam.PolicyStatement({
        actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
        resources: [keys],
        conditions: {
          'ForAnyValue:StringEquals': { 'kms:ResourceAliases': dataKeyAlias(environment) },
          StringLike: { 'kms:ViaService': `s3.${region.name}.${Aws.URL_SUFFIX}` },
        },
      }),
    );
    acknowledgeWildcard(role, keys, 'The condition on kms:ResourceAliases admits the one key that encrypts the repository.');
  }
}
