import { RemovalPolicy } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as sns from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { topicName } from '../failover/names';
import type { Environment } from '../topology/types';

export interface FailoverTopicProps {
  readonly environment: Environment;
}

/** Where people are told, in the region that tells them: a topic in another region could be lost with it. Whoever is on call subscribes in each of them. */
export class FailoverTopic extends Construct {
  readonly topic: sns.ITopic;
  readonly key: kms.IKey;

  constructor(scope: Construct, id: string, props: FailoverTopicProps) {
    super(scope, id);
    const { environment } = props;
    const key = new kms.Key(this, 'Key', {
      description: `What people are told about failovers of ${environment.name}`,
      enableKeyRotation: true,
      removalPolicy: environment.retainData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
    // AWS' own key for SNS lets no alarm publish.
    key.grant(new iam.ServicePrincipal('cloudwatch.amazonaws.com'), 'kms:GenerateDataKey*', 'kms:Decrypt');
    this.key = key;
    this.topic = new sns.Topic(this, 'Topic', { topicName: topicName(environment), masterKey: key, enforceSSL: true });
  }
}
