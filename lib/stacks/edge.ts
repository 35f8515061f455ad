import { CfnOutput, Duration, RemovalPolicy } from 'aws-cdk-lib';
import * as acm from 'aws-cdk-lib/aws-certificatemanager';
import * as cloudfront from 'aws-cdk-lib/aws-cloudfront';
import * as route53 from 'aws-cdk-lib/aws-route53';
import * as s3 from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { acknowledge } from '../constructs/acknowledge';
import type { AlertTopic } from '../constructs/alert-topic';
import { CertificateAlarms } from '../constructs/certificate-alarms';
import { CLIENT_NAMING, EdgeDistribution } from '../constructs/edge-distribution';
import { EnvironmentStack } from '../constructs/environment-stack';
import { edgeLogBucketName } from '../constructs/names';
import { originSecret } from '../constructs/origin-secrets';
import { WebAcl } from '../constructs/web-acl';
import { applicationHost, writerHost } from '../failover/names';
import { edgeAclName, edgeHosts, EDGE_REGION } from '../topology/edge-names';
import type { Dns, Edge as EdgeModel, Environment } from '../topology/types';
import { edgeAcl } from '../topology/web-acl';

export interface EdgeProps {
  readonly environment: Environment;
  readonly edge: EdgeModel;
  readonly dns: Dns;
  /** In its own region, where its certificate is. */
  readonly alerts: AlertTopic;
}

const KEEP_LOGS_DAYS = 90;

/** CloudFront and its web ACL. Nothing of the failover refers to it: it asks the DNS tree like any client, and what it does for clients needs no control plane. */
export class Edge extends EnvironmentStack {
  constructor(scope: Construct, props: EdgeProps) {
    super(scope, 'edge', 'CloudFront, its web ACL, its certificate and its names', { environment: props.environment, regionName: EDGE_REGION });
    const { environment, edge, dns, alerts } = props;
    const acl = new WebAcl(this, 'WebAcl', {
      environment,
      edge,
      name: edgeAclName(environment),
      scope: 'CLOUDFRONT',
      log: 'edge',
      rules: edgeAcl(edge),
      originSecrets: [],
    });
    const hosts = edgeHosts(edge, dns);
    const certificate = this.defineCertificate(dns, [hosts.application, hosts.writer]);
    new CertificateAlarms(this, 'CertificateAlarms', { environment, certificate, of: 'edge', topic: alerts.topic });
    const common = {
      dns,
      originSecret: originSecret(environment, edge.originSecret),
      certificate,
      webAclArn: acl.arn,
      naming: new cloudfront.Function(this, 'ClientNaming', CLIENT_NAMING),
      logs: this.defineLogBucket(environment),
    };
    const application = new EdgeDistribution(this, 'Application', { ...common, host: hosts.application, origin: applicationHost(dns) });
    const writer = new EdgeDistribution(this, 'Writer', { ...common, host: hosts.writer, origin: writerHost(dns) });
    new CfnOutput(this, 'ApplicationDistribution', { value: application.distribution.distributionId });
    new CfnOutput(this, 'WriterDistribution', { value: writer.distribution.distributionId });
  }

  private defineCertificate(dns: Dns, [name = '', ...more]: readonly string[]): acm.ICertificate {
    const zone = route53.HostedZone.fromHostedZoneAttributes(this, 'Zone', { hostedZoneId: dns.zoneId, zoneName: dns.zoneName });
    return new acm.Certificate(this, 'Certificate', { domainName: name, subjectAlternativeNames: more, validation: acm.CertificateValidation.fromDns(zone) });
  }

  private defineLogBucket(environment: Environment): s3.IBucket {
    const bucket = new s3.Bucket(this, 'Logs', {
      bucketName: edgeLogBucketName(environment),
      blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
      // CloudFront's log delivery writes by an access control list, and knows no other way.
      objectOwnership: s3.ObjectOwnership.BUCKET_OWNER_PREFERRED,
      encryption: s3.BucketEncryption.S3_MANAGED,
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      lifecycleRules: [{ id: 'expire', expiration: Duration.days(KEEP_LOGS_DAYS), abortIncompleteMultipartUploadAfter: Duration.days(7) }],
      ...(environment.retainData ? { removalPolicy: RemovalPolicy.RETAIN } : { removalPolicy: RemovalPolicy.DESTROY, autoDeleteObjects: true }),
    });
    acknowledge(bucket, 'AwsSolutions-S1', 'This bucket receives access logs; logging the access to it in itself would never end.');
    return bucket as s3.IBucket;
  }
}
