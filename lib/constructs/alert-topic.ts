import { Aws, RemovalPolicy } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as sns from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import type { Environment } from '../topology/types';

export interface AlertTopicProps {
  readonly environment: Environment;
  readonly topicName: string;
  /** What people are told about. */
  readonly about: string;
}

/** Where people are told, in the region that tells them: a topic in another region could be lost with it. Whoever is on call subscribes in each of them. */
export class AlertTopic extends Construct {
  readonly topic: sns.ITopic;
  readonly key: kms.IKey;

  constructor(scope: Construct, id: string, props: AlertTopicProps) {
    super(scope, id);
    const { environment, topicName, about } = props;
    const key = new kms.Key(this, 'Key', {
      description: `What people are told about ${about}`,
      enableKeyRotation: true,
      removalPolicy: environment.retainData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
    const alarms = new iam.ServicePrincipal('cloudwatch.amazonaws.com');
    // AWS' own key for SNS lets no alarm publish.
    key.grant(alarms, 'kms:GenerateDataKey*', 'kms:Decrypt');
    this.key = key;
    const topic = new sns.Topic(this, 'Topic', { topicName, masterKey: key, enforceSSL: true });
    // A topic without a policy lets its account's alarms publish; one with a policy lets nobody that the policy does not name.
    topic.addToResourcePolicy(
      new iam.PolicyStatement({
        sid: 'Alarms',
        principals: [alarms],
        actions: ['sns:Publish'],
        resources: [topic.topicArn],
        conditions: { StringEquals: { 'aws:SourceAccount': environment.account ?? Aws.ACCOUNT_ID } },
      }),
    );
    this.topic = topic;
  }
}
