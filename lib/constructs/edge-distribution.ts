import { Duration } from 'aws-cdk-lib';
import type * as acm from 'aws-cdk-lib/aws-certificatemanager';
import * as cloudfront from 'aws-cdk-lib/aws-cloudfront';
import * as origins from 'aws-cdk-lib/aws-cloudfront-origins';
import * as route53 from 'aws-cdk-lib/aws-route53';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { CLIENT_HEADER, EDGE_ORIGIN, ORIGIN_HEADER } from '../topology/edge-names';
import type { Dns } from '../topology/types';
import { acknowledge } from './acknowledge';

/** Of every distribution, in every partition that has CloudFront: https://docs.aws.amazon.com/general/latest/gr/cf_region.html */
const CLOUDFRONT_ZONE = 'Z2FDTNDATAQYW2';
/** CloudFront keeps an error for 10 s unless it is told otherwise: the region that takes over would be seen so much later. */
const ERRORS = [400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504];

export interface EdgeDistributionProps {
  readonly dns: Dns;
  /** What users know. */
  readonly host: string;
  /** The name that the DNS tree answers. */
  readonly origin: string;
  readonly originSecret: string;
  readonly certificate: acm.ICertificate;
  readonly webAclArn: string;
  readonly naming: cloudfront.IFunction;
  readonly logs: s3.IBucket;
}

const pass = (origin: string, originSecret: string, naming: cloudfront.IFunction): cloudfront.BehaviorOptions => ({
  origin: new origins.HttpOrigin(origin, {
    protocolPolicy: cloudfront.OriginProtocolPolicy.HTTPS_ONLY,
    originSslProtocols: [cloudfront.OriginSslPolicy.TLS_V1_2],
    customHeaders: { [ORIGIN_HEADER]: originSecret },
    // A region that is dead does not answer: 2 x 3 s instead of 3 x 10 s until the user is told.
    connectionAttempts: EDGE_ORIGIN.connectionAttempts,
    connectionTimeout: Duration.seconds(EDGE_ORIGIN.connectionTimeout),
    // Longer than the gateway waits for an application (15 s): who is slow is then named by the gateway.
    readTimeout: Duration.seconds(EDGE_ORIGIN.answerTimeout),
    // A connection to the region that lost the traffic is not kept for longer than this.
    keepaliveTimeout: Duration.seconds(EDGE_ORIGIN.keepAlive),
  }),
  allowedMethods: cloudfront.AllowedMethods.ALLOW_ALL,
  cachePolicy: cloudfront.CachePolicy.CACHING_DISABLED,
  originRequestPolicy: cloudfront.OriginRequestPolicy.ALL_VIEWER,
  viewerProtocolPolicy: cloudfront.ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
  compress: false,
  functionAssociations: [{ function: naming, eventType: cloudfront.FunctionEventType.VIEWER_REQUEST }],
});

/** CloudFront under one of the users' names. It asks the name of the DNS tree, keeps nothing, and so follows a failover like any client: by DNS. */
export class EdgeDistribution extends Construct {
  readonly distribution: cloudfront.IDistribution;

  constructor(scope: Construct, id: string, props: EdgeDistributionProps) {
    super(scope, id);
    const { dns, host, origin, originSecret, certificate, webAclArn, naming, logs } = props;
    const distribution = new cloudfront.Distribution(this, 'Distribution', {
      comment: `${host} -> ${origin}`,
      domainNames: [host],
      certificate,
      webAclId: webAclArn,
      minimumProtocolVersion: cloudfront.SecurityPolicyProtocol.TLS_V1_2_2021,
      httpVersion: cloudfront.HttpVersion.HTTP2_AND_3,
      defaultBehavior: pass(origin, originSecret, naming),
      errorResponses: ERRORS.map((httpStatus) => ({ httpStatus, ttl: Duration.seconds(0) })),
      logBucket: logs,
      logFilePrefix: `${host}/`,
    });
    acknowledge(distribution, 'AwsSolutions-CFR1', 'Users are everywhere: whom to serve is not decided by country.');
    this.distribution = distribution;
    this.nameIt(dns, host);
  }

  private nameIt(dns: Dns, host: string): void {
    for (const type of ['A', 'AAAA']) {
      new route53.CfnRecordSet(this, type, {
        hostedZoneId: dns.zoneId,
        name: host,
        type,
        aliasTarget: { hostedZoneId: CLOUDFRONT_ZONE, dnsName: this.distribution.distributionDomainName, evaluateTargetHealth: false },
      });
    }
  }
}

/** Says whose request it is, in a header that clients can't choose: theirs is overwritten. */
export const CLIENT_NAMING: cloudfront.FunctionProps = {
  comment: `writes the client's address into ${CLIENT_HEADER}`,
  runtime: cloudfront.FunctionRuntime.JS_2_0,
  code: cloudfront.FunctionCode.fromInline(
    `function handler(event) {\n  event.request.headers['${CLIENT_HEADER}'] = { value: event.viewer.ip };\n  delete event.request.headers['${ORIGIN_HEADER}'];\n  return event.request;\n}\n`,
  ),
};
