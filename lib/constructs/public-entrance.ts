import { Duration, RemovalPolicy, Tags } from 'aws-cdk-lib';
import * as acm from 'aws-cdk-lib/aws-certificatemanager';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as elb from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import * as route53 from 'aws-cdk-lib/aws-route53';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as wafv2 from 'aws-cdk-lib/aws-wafv2';
import { Construct } from 'constructs';
import { HEALTH_PATH, applicationHost, regionHost, writerHost } from '../failover/names';
import { edgeHosts, KNOWN_CLIENTS_PORT, ORIGIN_HEADER, regionalAclName } from '../topology/edge-names';
import { BALANCER_CHECK, GATEWAY_HEALTH_PATH, GATEWAY_PORT } from '../topology/gateway';
import type { ClientCertificates, Dns, Edge, Environment, Region } from '../topology/types';
import { acceptedSecrets, regionalAcl } from '../topology/web-acl';
import { acknowledge } from './acknowledge';
import { KnownClients } from './known-clients';
import { BOUND_TO } from './load-balancer-controller';
import { clusterName, entranceLogBucketName } from './names';
import { originSecret } from './origin-secrets';
import { WebAcl } from './web-acl';

/** On which the region's application answers inside the VPC, with TLS; a load balancer takes whatever certificate it shows. */
const TARGET_PORT = GATEWAY_PORT;
/** The gateway says itself whether it serves; whether the region is ready is another question, which the health checkers of Route 53 ask. */
const TARGET_HEALTH_PATH = GATEWAY_HEALTH_PATH;
const KEEP_LOGS_DAYS = 90;

export interface PublicEntranceProps {
  readonly environment: Environment;
  readonly dns: Dns;
  readonly region: Region;
  readonly vpc: ec2.IVpc;
}

/** The region's door to the internet: a load balancer for all names that may lead here, whichever region is active, and the region's own name. */
export class PublicEntrance extends Construct {
  /** Where the charts bind the application's pods to. */
  readonly targetGroupArn: string;
  /** Of the load balancer: pods let it in. */
  readonly securityGroup: string;
  readonly certificate: acm.ICertificate;
  private readonly props: PublicEntranceProps;

  constructor(scope: Construct, id: string, props: PublicEntranceProps) {
    super(scope, id);
    this.props = props;
    const loadBalancer = this.defineLoadBalancer();
    const targets = this.defineTargets();
    const certificate = this.defineCertificate();
    this.certificate = certificate;
    const { edge } = props.environment;
    if (edge === null) loadBalancer.addListener('Https', { ...https(443, certificate), defaultTargetGroups: [targets] });
    else this.behindCloudFront(edge, loadBalancer, certificate, targets);
    this.nameIt(loadBalancer);
    this.targetGroupArn = targets.targetGroupArn;
    this.securityGroup = loadBalancer.connections.securityGroups[0]?.securityGroupId ?? '';
  }

  /**
   * Only what our CloudFront passes on is let through; and whether the region is ready may be asked by anybody: health checkers and the failover come from addresses that
   * nobody knows beforehand, so that the port itself stays open.
   */
  private behindCloudFront(edge: Edge, loadBalancer: elb.ApplicationLoadBalancer, certificate: acm.ICertificate, targets: elb.ApplicationTargetGroup): void {
    const { environment } = this.props;
    const originSecrets = acceptedSecrets(edge).map((number) => originSecret(environment, number));
    const listener = loadBalancer.addListener('Https', {
      ...https(443, certificate),
      defaultAction: elb.ListenerAction.fixedResponse(403, { contentType: 'application/json', messageBody: '{"error":"not_by_this_way"}' }),
    });
    listener.addAction('FromCloudFront', {
      priority: 10,
      conditions: [elb.ListenerCondition.httpHeader(ORIGIN_HEADER, originSecrets)],
      action: elb.ListenerAction.forward([targets]),
    });
    listener.addAction('IsItReady', {
      priority: 20,
      conditions: [elb.ListenerCondition.pathPatterns([HEALTH_PATH]), elb.ListenerCondition.httpRequestMethods(['GET', 'HEAD'])],
      action: elb.ListenerAction.forward([targets]),
    });
    const { arn } = new WebAcl(this, 'WebAcl', {
      environment,
      edge,
      name: regionalAclName(environment),
      scope: 'REGIONAL',
      log: 'entrance',
      rules: regionalAcl(edge),
      originSecrets,
    });
    new wafv2.CfnWebACLAssociation(this, 'WebAclAssociation', { resourceArn: loadBalancer.loadBalancerArn, webAclArn: arn });
    if (edge.clientCertificates !== null) this.openForKnownClients(edge.clientCertificates, loadBalancer, certificate, targets);
  }

  /** On a port of its own: who shows a certificate of the authority need not come through CloudFront, which would end his TLS. */
  private openForKnownClients(
    { authority }: ClientCertificates,
    loadBalancer: elb.ApplicationLoadBalancer,
    certificate: acm.ICertificate,
    targets: elb.ApplicationTargetGroup,
  ): void {
    const { trustStore } = new KnownClients(this, 'KnownClients', { authority });
    loadBalancer.addListener('KnownClients', {
      ...https(KNOWN_CLIENTS_PORT, certificate),
      mutualAuthentication: { mutualAuthenticationMode: elb.MutualAuthenticationMode.VERIFY, trustStore, ignoreClientCertificateExpiry: false },
      defaultTargetGroups: [targets],
    });
    loadBalancer.connections.allowFromAnyIpv4(ec2.Port.tcp(KNOWN_CLIENTS_PORT), 'clients with a certificate');
  }

  private defineLoadBalancer(): elb.ApplicationLoadBalancer {
    const { environment, vpc } = this.props;
    const loadBalancer = new elb.ApplicationLoadBalancer(this, 'LoadBalancer', {
      vpc,
      internetFacing: true,
      vpcSubnets: { subnetType: ec2.SubnetType.PUBLIC },
      securityGroup: this.defineSecurityGroup(),
      deletionProtection: environment.retainData,
      dropInvalidHeaderFields: true,
    });
    loadBalancer.logAccessLogs(this.defineLogBucket() as s3.IBucket, 'entrance');
    return loadBalancer;
  }

  private defineSecurityGroup(): ec2.SecurityGroup {
    const { vpc, region } = this.props;
    const group = new ec2.SecurityGroup(this, 'SecurityGroup', { vpc, description: 'HTTPS from everywhere to the application', allowAllOutbound: false });
    group.addIngressRule(ec2.Peer.anyIpv4(), ec2.Port.HTTPS, 'HTTPS from everywhere');
    group.addEgressRule(ec2.Peer.ipv4(region.network.vpcCidr), ec2.Port.tcp(TARGET_PORT), 'to the application');
    acknowledge(group, 'AwsSolutions-EC23', 'The door of the region to the internet: clients and health checkers come from everywhere, to this one port.');
    return group;
  }

  private defineLogBucket(): s3.Bucket {
    const { environment, region } = this.props;
    const bucket = new s3.Bucket(this, 'Logs', {
      bucketName: entranceLogBucketName(environment, region),
      blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
      objectOwnership: s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
      // The log delivery service cannot write to a bucket that is encrypted with a customer's key.
      encryption: s3.BucketEncryption.S3_MANAGED,
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      lifecycleRules: [{ id: 'expire', expiration: Duration.days(KEEP_LOGS_DAYS), abortIncompleteMultipartUploadAfter: Duration.days(7) }],
      ...(environment.retainData ? { removalPolicy: RemovalPolicy.RETAIN } : { removalPolicy: RemovalPolicy.DESTROY, autoDeleteObjects: true }),
    });
    acknowledge(bucket, 'AwsSolutions-S1', 'This bucket receives access logs; logging the access to it in itself would never end.');
    return bucket;
  }

  /** Nothing is in it until the charts bind the application's pods to it: until then the region's own name answers 503, and the region is not ready. */
  private defineTargets(): elb.ApplicationTargetGroup {
    const targets = new elb.ApplicationTargetGroup(this, 'Targets', {
      vpc: this.props.vpc,
      targetType: elb.TargetType.IP,
      protocol: elb.ApplicationProtocol.HTTPS,
      port: TARGET_PORT,
      deregistrationDelay: Duration.seconds(30),
      healthCheck: {
        protocol: elb.Protocol.HTTPS,
        path: TARGET_HEALTH_PATH,
        interval: Duration.seconds(BALANCER_CHECK.intervalSeconds),
        timeout: Duration.seconds(BALANCER_CHECK.timeoutSeconds),
        healthyThresholdCount: BALANCER_CHECK.successes,
        unhealthyThresholdCount: BALANCER_CHECK.failures,
      },
    });
    Tags.of(targets).add(BOUND_TO, clusterName(this.props.environment));
    return targets;
  }

  private defineCertificate(): acm.Certificate {
    const { dns, region, environment } = this.props;
    // CloudFront passes the name on that the user asked for, and this certificate has to answer for it.
    const usersNames = environment.edge === null ? [] : Object.values(edgeHosts(environment.edge, dns));
    const zone = route53.HostedZone.fromHostedZoneAttributes(this, 'Zone', { hostedZoneId: dns.zoneId, zoneName: dns.zoneName });
    return new acm.Certificate(this, 'Certificate', {
      domainName: applicationHost(dns),
      subjectAlternativeNames: [writerHost(dns), regionHost(dns, region), ...usersNames],
      validation: acm.CertificateValidation.fromDns(zone),
    });
  }

  /** Does not evaluate the load balancer's health: which region is used is decided above, by the traffic switch, and a region without targets must not decide it. */
  private nameIt(loadBalancer: elb.ApplicationLoadBalancer): void {
    const { dns, region } = this.props;
    new route53.CfnRecordSet(this, 'Name', {
      hostedZoneId: dns.zoneId,
      name: regionHost(dns, region),
      type: 'A',
      aliasTarget: {
        hostedZoneId: loadBalancer.loadBalancerCanonicalHostedZoneId,
        dnsName: `dualstack.${loadBalancer.loadBalancerDnsName}`,
        evaluateTargetHealth: false,
      },
    });
  }
}

const https = (port: number, certificate: acm.ICertificate): elb.BaseApplicationListenerProps => ({
  port,
  protocol: elb.ApplicationProtocol.HTTPS,
  sslPolicy: elb.SslPolicy.RECOMMENDED_TLS,
  certificates: [certificate],
  open: false,
});
