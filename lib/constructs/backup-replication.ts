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
  readonly source: s3.Bucket;
  readonly sourceKey: kms.IKey;
  /** Where the copies go; its bucket must exist, with versioning, before this is deployed. */
  readonly destination: Region;
}

/** Copies every object, version and delete marker of the backup bucket to the bucket of another region, encrypted there with that region's own key. */
export class BackupReplication extends Construct {
  constructor(scope: Construct, id: string, props: BackupReplicationProps) {
    super(scope, id);
    const destinationArn = Stack.of(this).formatArn({ service: 's3', region: '', account: '', resource: backupBucketName(props.environment, props.destination), arnFormat: ArnFormat.NO_RESOURCE_NAME });
    const role = this.defineRole(props, destinationArn);
    this.configure(props, destinationArn, role);
  }

  private defineRole(props: BackupReplicationProps, destinationArn: string): iam.Role {
    const role = new iam.Role(this, 'Role', { assumedBy: new iam.ServicePrincipal('s3.amazonaws.com'), description: 'Copies backups to the next region' });
    const grant = (actions: string[], resources: string[], conditions?: Record<string, Record<string, string>>): void => {
      role.addToPolicy(new iam.PolicyStatement({ actions, resources, ...(conditions === undefined ? {} : { conditions }) }));
    };
    grant(['s3:GetReplicationConfiguration', 's3:ListBucket'], [props.source.bucketArn]);
    grant(
      ['s3:GetObjectVersionForReplication', 's3:GetObjectVersionAcl', 's3:GetObjectVersionTagging', 's3:GetObjectRetention', 's3:GetObjectLegalHold'],
      [props.source.arnForObjects('*')],
    );
    grant(['s3:ReplicateObject', 's3:ReplicateDelete', 's3:ReplicateTags'], [`${destinationArn}/*`]);
    grant(['kms:Decrypt'], [props.sourceKey.keyArn]);
    grant(['kms:Encrypt', 'kms:GenerateDataKey'], [this.keysOf(props.destination)], {
      'ForAnyValue:StringEquals': { 'kms:ResourceAliases': dataKeyAlias(props.environment) },
      StringLike: { 'kms:ViaService': `s3.${props.destination.name}.${Aws.URL_SUFFIX}` },
    });
    this.acknowledgeFindings(role, props, destinationArn);
    return role;
  }

  private keysOf(region: Region): string {
    return Stack.of(this).formatArn({ service: 'kms', region: region.name, resource: 'key', resourceName: '*' });
  }

  private acknowledgeFindings(role: iam.Role, props: BackupReplicationProps, destinationArn: string): void {
    const everyObject = 'S3 replicates every object of this one bucket; object names are not known beforehand.';
    acknowledgeWildcard(role, props.source.arnForObjects('*'), everyObject);
    acknowledgeWildcard(role, `${destinationArn}/*`, everyObject);
    acknowledgeWildcard(
      role,
      this.keysOf(props.destination),
      "The other region's key is known by its alias only (no stack waits for another region's answer); the condition on kms:ResourceAliases admits that one key.",
    );
  }

  private configure(props: BackupReplicationProps, destinationArn: string, role: iam.Role): void {
    const bucket = props.source.node.defaultChild;
    if (!(bucket instanceof s3.CfnBucket)) throw new Error('the backup bucket has no CloudFormation resource to configure');
    bucket.replicationConfiguration = {
      role: role.roleArn,
      rules: [
        {
          id: `to-${props.destination.name}`,
          status: 'Enabled',
          priority: 1,
          filter: { prefix: '' },
          // Without the markers, what is deleted here would stay current there, and cost, for ever. A deleted object's versions are kept for the retention on both sides.
          deleteMarkerReplication: { status: 'Enabled' },
          sourceSelectionCriteria: { sseKmsEncryptedObjects: { status: 'Enabled' } },
          destination: {
            bucket: destinationArn,
            encryptionConfiguration: { replicaKmsKeyId: dataKeyAliasArn(Stack.of(this), props.environment, props.destination) },
            metrics: { status: 'Enabled' },
          },
        },
      ],
    };
    // S3 checks at once that the role may do what the configuration says.
    bucket.node.addDependency(role);
  }
}
