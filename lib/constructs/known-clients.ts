import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import * as elb from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as s3deploy from 'aws-cdk-lib/aws-s3-deployment';
import { Construct } from 'constructs';
import { createHash } from 'node:crypto';
import type { Environment } from '../topology/types';
import { acknowledge } from './acknowledge';

/** Under a name of its own for each content: a trust store reads once, and is only replaced when the name changes. */
const keyOf = (authority: string): string => `authority-${createHash('sha256').update(authority).digest('hex').slice(0, 12)}.pem`;

export interface KnownClientsProps {
  readonly environment: Environment;
  /** PEM. */
  readonly authority: string;
}

/** Whose certificates the load balancer takes. It reads them from a bucket, once, when the trust store is made. */
export class KnownClients extends Construct {
  readonly trustStore: elb.ITrustStore;

  constructor(scope: Construct, id: string, props: KnownClientsProps) {
    super(scope, id);
    const { environment, authority } = props;
    const bucket = new s3.Bucket(this, 'Bucket', {
      blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
      encryption: s3.BucketEncryption.S3_MANAGED,
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      versioned: true,
      lifecycleRules: [{ id: 'former', noncurrentVersionExpiration: Duration.days(90), abortIncompleteMultipartUploadAfter: Duration.days(7) }],
      removalPolicy: environment.retainData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
    acknowledge(bucket, 'AwsSolutions-S1', 'Certificates of authorities are public, and are read once, by the load balancer.');
    const upload = new s3deploy.BucketDeployment(this, 'Upload', {
      destinationBucket: bucket as s3.IBucket,
      sources: [s3deploy.Source.data(keyOf(authority), authority)],
      prune: false,
    });
    const trustStore = new elb.TrustStore(this, 'TrustStore', { bucket, key: keyOf(authority) });
    trustStore.node.addDependency(upload);
    this.trustStore = trustStore;
  }
}
