import { ArnFormat, Aws, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import type { Environment, Region } from '../topology/types';
import { acknowledgeWildcard } from './acknowledge';
import { backupBucketName, dataKeyAlias, dataKeyAliasArn } from './names';

export interface BackupReplicationProps {
  readonly environment: Environment;
  /** The region of `source`. */
  readonly region: Region;
  readonly source: s3.IBucket;
  readonly sourceKey: kms.IKey;
  /** Where the copies go; its bucket must exist, with versioning, before this is deployed. */
  readonly destination: Region;
}

/** Copies every object, version and delete marker of the backup bucket to the bucket of another region, encrypted there with that region's own key. */
export class BackupReplication extends Construct {
  private readonly props: BackupReplicationProps;

  constructor(scope: Construct, id: string, props: BackupReplicationProps) {
    super(scope, id);
    this.props = props;
    this.configure(this.defineRole());
  }

  private defineRole(): iam.Role {
    const role = new iam.Role(this, 'Role', { assumedBy: new iam.ServicePrincipal('s3.amazonaws.com'), description: 'Copies backups to the next region' });
    this.allowReading(role);
    this.allowWriting(role);
    return role;
  }

  private allowReading(role: iam.Role): void {
    // By its name, not by reference: the bucket's configuration refers to this role.
    const bucket = this.bucketArn(this.props.region);
    role.addToPolicy(new iam.PolicyStatement({ actions: ['s3:GetReplicationConfiguration', 's3:ListBucket'], resources: [bucket] }));
    role.addToPolicy(
      new iam.PolicyStatement({
        actions: [
          's3:GetObjectVersionForReplication',
          's3:GetObjectVersionAcl',
          's3:GetObjectVersionTagging',
          's3:GetObjectRetention',
          's3:GetObjectLegalHold',
        ],
        resources: [`${bucket}/*`],
      }),
    );
    role.addToPolicy(new iam.PolicyStatement({ actions: ['kms:Decrypt'], resources: [this.props.sourceKey.keyArn] }));
    acknowledgeWildcard(role, `${bucket}/*`, 'S3 reads every object of this one bucket; object names are not known beforehand.');
  }

  private allowWriting(role: iam.Role): void {
    const { environment, destination } = this.props;
    const objects = `${this.bucketArn(destination)}/*`;
    const keys = Stack.of(this).formatArn({ service: 'kms', region: destination.name, resource: 'key', resourceName: '*' });
    role.addToPolicy(new iam.PolicyStatement({ actions: ['s3:ReplicateObject', 's3:ReplicateDelete', 's3:ReplicateTags'], resources: [objects] }));
    role.addToPolicy(
      new iam.PolicyStatement({
        actions: ['kms:Encrypt', 'kms:GenerateDataKey'],
        resources: [keys],
        conditions: {
          'ForAnyValue:StringEquals': { 'kms:ResourceAliases': dataKeyAlias(environment) },
          StringLike: { 'kms:ViaService': `s3.${destination.name}.${Aws.URL_SUFFIX}` },
        },
      }),
    );
    acknowledgeWildcard(role, objects, 'S3 writes every object to this one bucket; object names are not known beforehand.');
    acknowledgeWildcard(
      role,
      keys,
      "The other region's key is known by its alias only (no stack waits for another region's answer); the condition on kms:ResourceAliases admits that one key.",
    );
  }

  private configure(role: iam.Role): void {
    const { environment, source, destination } = this.props;
    const bucket = source.node.defaultChild;
    if (!(bucket instanceof s3.CfnBucket)) throw new Error('the backup bucket has no CloudFormation resource to configure');
    bucket.replicationConfiguration = {
      role: role.roleArn,
      rules: [
        {
          id: `to-${destination.name}`,
          status: 'Enabled',
          priority: 1,
          filter: { prefix: '' },
          // Without the markers, what is deleted here would stay current there, and cost, for ever. A deleted object's versions are kept for the retention on both sides.
          deleteMarkerReplication: { status: 'Enabled' },
          sourceSelectionCriteria: { sseKmsEncryptedObjects: { status: 'Enabled' } },
          destination: {
            bucket: this.bucketArn(destination),
            encryptionConfiguration: { replicaKmsKeyId: dataKeyAliasArn(Stack.of(this), environment, destination) },
            metrics: { status: 'Enabled' },
          },
        },
      ],
    };
    // S3 checks at once that the role may do what the configuration says.
    bucket.node.addDependency(role);
  }

  private bucketArn(region: Region): string {
    const resource = backupBucketName(this.props.environment, region);
    return Stack.of(this).formatArn({ service: 's3', region: '', account: '', resource, arnFormat: ArnFormat.NO_RESOURCE_NAME });
  }
}
