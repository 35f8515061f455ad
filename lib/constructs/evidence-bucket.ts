import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import type { Environment, Region } from '../topology/types';
import { acknowledge } from './acknowledge';
import { evidenceBucketName } from './names';

export interface EvidenceBucketProps {
  readonly environment: Environment;
  readonly region: Region;
  readonly encryptionKey: kms.IKey;
}

const DAYS_PER_YEAR = 366;

/** What drills have proved. Nobody can replace or delete a version before its years are over; in governance mode nobody without a permission of its own. */
export class EvidenceBucket extends Construct {
  readonly bucket: s3.IBucket;

  constructor(scope: Construct, id: string, props: EvidenceBucketProps) {
    super(scope, id);
    const { environment, region, encryptionKey } = props;
    const { evidenceYears, evidenceLock } = environment.drillPolicy;
    const kept = Duration.days(evidenceYears * DAYS_PER_YEAR);
    this.bucket = new s3.Bucket(this, 'Bucket', {
      bucketName: evidenceBucketName(environment, region),
      blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
      objectOwnership: s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      encryption: s3.BucketEncryption.KMS,
      encryptionKey,
      bucketKeyEnabled: true,
      versioned: true,
      objectLockEnabled: true,
      objectLockDefaultRetention: evidenceLock === 'compliance' ? s3.ObjectLockRetention.compliance(kept) : s3.ObjectLockRetention.governance(kept),
      serverAccessLogsBucket: this.defineLogs(environment, kept),
      serverAccessLogsPrefix: 'evidence/',
      lifecycleRules: [{ id: 'expire', expiration: kept, noncurrentVersionExpiration: kept, abortIncompleteMultipartUploadAfter: Duration.days(7) }],
      // Locked objects can't be deleted with the bucket: it outlives its stack, whatever the environment says of its data.
      removalPolicy: RemovalPolicy.RETAIN,
    }) as s3.IBucket;
  }

  /** Who read and wrote evidence, for as long as it is kept. The delivery of logs can't write to a bucket that a customer's key encrypts. */
  private defineLogs(environment: Environment, kept: Duration): s3.IBucket {
    const logs = new s3.Bucket(this, 'AccessLogs', {
      blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
      objectOwnership: s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      encryption: s3.BucketEncryption.S3_MANAGED,
      lifecycleRules: [{ id: 'expire', expiration: kept, abortIncompleteMultipartUploadAfter: Duration.days(7) }],
      removalPolicy: environment.retainData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
    acknowledge(logs, 'AwsSolutions-S1', 'This bucket receives access logs; logging the access to it in itself would never end.');
    return logs as s3.IBucket;
  }
}
