import { Aws, Duration, RemovalPolicy } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { switchBucketName, switchObjectKey, switchWriterRoleName } from '../failover/names';
import type { Environment } from '../topology/types';
import { acknowledge } from './acknowledge';

export interface SwitchBucketProps {
  readonly environment: Environment;
  readonly region: string;
}

/** Old versions are what people look at after a failover. */
const KEEP_VERSIONS_DAYS = 365;

/**
 * Holds one object that says which region took over, for everybody to read, since Route 53's checkers sign nothing. It begins empty: an object that is not there says
 * nothing, which means the home region; so no deployment ever writes one, or writes over what a failover said.
 */
export class SwitchBucket extends Construct {
  constructor(scope: Construct, id: string, props: SwitchBucketProps) {
    super(scope, id);
    const { environment, region } = props;
    const bucket = new s3.Bucket(this, 'Bucket', {
      bucketName: switchBucketName(environment, region, environment.account ?? Aws.ACCOUNT_ID),
      versioned: true,
      encryption: s3.BucketEncryption.S3_MANAGED,
      objectOwnership: s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
      // Access lists stay refused; a policy, below, makes one object public.
      blockPublicAccess: new s3.BlockPublicAccess({ blockPublicAcls: true, ignorePublicAcls: true, blockPublicPolicy: false, restrictPublicBuckets: false }),
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      lifecycleRules: [{ id: 'expire-old-versions', noncurrentVersionExpiration: Duration.days(KEEP_VERSIONS_DAYS) }],
      ...(environment.retainData ? { removalPolicy: RemovalPolicy.RETAIN } : { removalPolicy: RemovalPolicy.DESTROY, autoDeleteObjects: true }),
    });
    const object = bucket.arnForObjects(switchObjectKey(environment));
    this.letEverybodyRead(bucket, object);
    this.letOnlyTheFailoverWrite(bucket, object, environment);
    acknowledge(
      bucket,
      'AwsSolutions-S1',
      'Route 53 reads the object several times a second, from everywhere, for as long as the environment lives; who wrote it is in CloudTrail and in the versions.',
    );
    acknowledge(
      bucket,
      'AwsSolutions-S2',
      'Health checkers sign nothing, so the one object must be readable by everybody. It holds the name of a region and a number, and its bucket policy names it alone.',
    );
  }

  private letEverybodyRead(bucket: s3.Bucket, object: string): void {
    bucket.addToResourcePolicy(
      new iam.PolicyStatement({ sid: 'CheckersRead', principals: [new iam.AnyPrincipal()], actions: ['s3:GetObject'], resources: [object] }),
    );
  }

  /** Also not an administrator by mistake: who has to, changes this policy first, and leaves a trace. */
  private letOnlyTheFailoverWrite(bucket: s3.Bucket, object: string, environment: Environment): void {
    const roles = environment.regions.map(
      (region) => `arn:${Aws.PARTITION}:iam::${environment.account ?? Aws.ACCOUNT_ID}:role/${switchWriterRoleName(environment, region.name)}`,
    );
    bucket.addToResourcePolicy(
      new iam.PolicyStatement({
        sid: 'OnlyTheFailoverWrites',
        effect: iam.Effect.DENY,
        principals: [new iam.AnyPrincipal()],
        // Where data goes with its stack, what empties the bucket has to be able to.
        actions: ['s3:PutObject', 's3:DeleteObject', ...(environment.retainData ? ['s3:DeleteObjectVersion'] : [])],
        resources: [object],
        conditions: { ArnNotEquals: { 'aws:PrincipalArn': roles } },
      }),
    );
  }
}
