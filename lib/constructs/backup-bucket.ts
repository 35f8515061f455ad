import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import type { Environment, Region } from '../topology/types';
import { acknowledge } from './acknowledge';
import { accessLogBucketName, backupBucketName } from './names';

export interface BackupBucketProps {
  readonly environment: Environment;
  readonly region: Region;
  readonly encryptionKey: kms.IKey;
}

/** Where WAL and backups go. Nothing in it can be overwritten or deleted for good before its time: every version is kept for the retention, and locked for as long as the model says. */
export class BackupBucket extends Construct {
  readonly bucket: s3.IBucket;
  private readonly environment: Environment;

  constructor(scope: Construct, id: string, props: BackupBucketProps) {
    super(scope, id);
    this.environment = props.environment;
    this.bucket = this.defineBucket(props, this.defineAccessLogBucket(props.region));
  }

  private defineAccessLogBucket(region: Region): s3.IBucket {
    const bucket = new s3.Bucket(this, 'AccessLogs', {
      ...this.common(),
      bucketName: accessLogBucketName(this.environment, region),
      // The log delivery service cannot write to a bucket that is encrypted with a customer's key.
      encryption: s3.BucketEncryption.S3_MANAGED,
      lifecycleRules: [
        { id: 'expire', expiration: Duration.days(this.environment.backups.retentionDays), abortIncompleteMultipartUploadAfter: Duration.days(7) },
      ],
    });
    acknowledge(bucket, 'AwsSolutions-S1', 'This bucket receives access logs; logging the access to it in itself would never end.');
    return bucket as s3.IBucket;
  }

  private defineBucket(props: BackupBucketProps, serverAccessLogsBucket: s3.IBucket): s3.IBucket {
    const { retentionDays, objectLockDays } = this.environment.backups;
    const bucket = new s3.Bucket(this, 'Bucket', {
      ...this.common(),
      bucketName: backupBucketName(this.environment, props.region),
      encryption: s3.BucketEncryption.KMS,
      encryptionKey: props.encryptionKey,
      bucketKeyEnabled: true,
      versioned: true,
      serverAccessLogsBucket,
      serverAccessLogsPrefix: 'backups/',
      ...(objectLockDays > 0 ? { objectLockEnabled: true, objectLockDefaultRetention: s3.ObjectLockRetention.governance(Duration.days(objectLockDays)) } : {}),
      lifecycleRules: [
        {
          // What the backup program still counts on is a current version and stays: only what it deleted or replaced expires, `retentionDays` later.
          id: 'expire-old-versions',
          noncurrentVersionExpiration: Duration.days(retentionDays),
          expiredObjectDeleteMarker: true,
          abortIncompleteMultipartUploadAfter: Duration.days(7),
        },
      ],
    });
    return bucket as s3.IBucket;
  }

  private common(): s3.BucketProps {
    return {
      blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
      objectOwnership: s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      ...(this.environment.retainData
        ? { removalPolicy: RemovalPolicy.RETAIN }
        : { removalPolicy: RemovalPolicy.DESTROY, autoDeleteObjects: this.environment.backups.objectLockDays === 0 }),
    };
  }
}
