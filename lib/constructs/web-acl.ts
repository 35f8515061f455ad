import { ArnFormat, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import * as wafv2 from 'aws-cdk-lib/aws-wafv2';
import { Construct } from 'constructs';
import { requestsPerWindow } from '../topology/edge-limits';
import { aclLogGroupName, CLIENT_HEADER, IP_SETS, ipSetName, ORIGIN_HEADER, USER_HEADER, type Family, type IpSet } from '../topology/edge-names';
import { parseBlock } from '../topology/addresses';
import type { Edge, Environment, Limit } from '../topology/types';
import { aclProblems, type AclRule } from '../topology/web-acl';
import { logRetention } from './log-retention';

const LOG_DAYS = 90;

type Statement = wafv2.CfnWebACL.StatementProperty;
const AS_IT_IS = [{ priority: 0, type: 'NONE' }];

export interface WebAclProps {
  readonly environment: Environment;
  readonly edge: Edge;
  readonly name: string;
  readonly scope: 'CLOUDFRONT' | 'REGIONAL';
  readonly log: 'edge' | 'entrance';
  readonly rules: readonly AclRule[];
  /** By which requests that CloudFront passed on are known; none for CloudFront itself. */
  readonly originSecrets: readonly string[];
}

/** A web ACL with its IP sets and its log: the rules are the model's (lib/topology/web-acl.ts), in the words of AWS. */
export class WebAcl extends Construct {
  readonly arn: string;
  private readonly props: WebAclProps;
  private readonly ipSets: readonly wafv2.CfnIPSet[];

  /** @throws Error when AWS would refuse the rules */
  constructor(scope: Construct, id: string, props: WebAclProps) {
    super(scope, id);
    this.props = props;
    const problems = aclProblems(props.rules);
    if (problems.length > 0) throw new Error(`the web ACL ${props.name} has ${problems.join('; ')}`);
    this.ipSets = this.defineIpSets();
    const acl = new wafv2.CfnWebACL(this, 'Acl', {
      name: props.name,
      scope: props.scope,
      defaultAction: { allow: {} },
      visibilityConfig: visible(props.name),
      rules: props.rules.map((rule, priority) => this.defineRule(rule, priority)),
      customResponseBodies: {
        wait: { contentType: 'APPLICATION_JSON', content: '{"error":"too_many_requests"}' },
        blocked: { contentType: 'APPLICATION_JSON', content: '{"error":"blocked"}' },
      },
    });
    this.arn = acl.attrArn;
    this.record(acl);
  }

  private defineIpSets(): readonly wafv2.CfnIPSet[] {
    const { environment, scope } = this.props;
    return IP_SETS.flatMap((set) =>
      ([4, 6] as const).map(
        (family) =>
          new wafv2.CfnIPSet(this, `${set === 'blocklist' ? 'Blocklist' : 'Blocked'}V${family}`, {
            name: ipSetName(environment, set, family),
            scope,
            ipAddressVersion: `IPV${family}`,
            addresses: this.addressesOf(set, family),
            description: set === 'blocklist' ? 'edge.blocklist of the model' : 'changed by holdfast block, and by no deployment',
          }),
      ),
    );
  }

  private addressesOf(set: IpSet, family: Family): string[] {
    if (set === 'blocked') return [];
    return this.props.edge.blocklist
      .map(parseBlock)
      .filter((block) => block?.family === family)
      .flatMap((block) => (block === undefined ? [] : [block.canonical]));
  }

  private defineRule(rule: AclRule, priority: number): wafv2.CfnWebACL.RuleProperty {
    const common = { name: rule.name, priority, visibilityConfig: visible(rule.name) };
    switch (rule.kind) {
      case 'managed':
        return { ...common, statement: managed(rule.group), overrideAction: rule.blocks ? { none: {} } : { count: {} } };
      case 'blocklist':
        return { ...common, statement: this.blocked(rule.counted), action: answer({ status: 403, retryAfter: null }) };
      case 'rate':
        return { ...common, statement: { rateBasedStatement: this.rate(rule.counted, rule.limit) }, action: answer(rule.limit) };
    }
  }

  private blocked(counted: 'source' | 'client'): Statement {
    const header = { headerName: CLIENT_HEADER, fallbackBehavior: 'NO_MATCH', position: 'FIRST' };
    const sets = this.ipSets.map(({ attrArn }): Statement => ({
      ipSetReferenceStatement: { arn: attrArn, ...(counted === 'client' ? { ipSetForwardedIpConfig: header } : {}) },
    }));
    const any: Statement = { orStatement: { statements: sets } };
    return counted === 'source' ? any : { andStatement: { statements: [any, ...this.fromCloudFront()] } };
  }

  private rate(counted: Extract<AclRule, { kind: 'rate' }>['counted'], limit: Limit): wafv2.CfnWebACL.RateBasedStatementProperty {
    const common = { limit: requestsPerWindow(limit), evaluationWindowSec: limit.window };
    const fromCloudFront = (): Statement => ({ andStatement: { statements: [...this.fromCloudFront()] } });
    // Malformed addresses are counted together: our own function wrote the header, so there are none.
    const forwardedIpConfig = { headerName: CLIENT_HEADER, fallbackBehavior: 'MATCH' };
    switch (counted) {
      case 'source':
        return { ...common, aggregateKeyType: 'IP' };
      case 'client':
        return { ...common, aggregateKeyType: 'FORWARDED_IP', forwardedIpConfig, scopeDownStatement: fromCloudFront() };
      case 'others':
        return { ...common, aggregateKeyType: 'IP', scopeDownStatement: { notStatement: { statement: fromCloudFront() } } };
      case 'user': {
        const user = { header: { name: USER_HEADER, textTransformations: AS_IT_IS } };
        return { ...common, aggregateKeyType: 'CUSTOM_KEYS', customKeys: [user, { forwardedIp: {} }], forwardedIpConfig, scopeDownStatement: fromCloudFront() };
      }
    }
  }

  /** Our CloudFront has shown the secret, and said for whom it asks. */
  private fromCloudFront(): readonly Statement[] {
    const shown = this.props.originSecrets.map((searchString): Statement => ({
      byteMatchStatement: {
        searchString,
        fieldToMatch: { singleHeader: { Name: ORIGIN_HEADER } },
        positionalConstraint: 'EXACTLY',
        textTransformations: AS_IT_IS,
      },
    }));
    const [only] = shown;
    if (only === undefined) throw new Error(`the web ACL ${this.props.name} asks for CloudFront's secret and has none`);
    const said: Statement = {
      sizeConstraintStatement: {
        fieldToMatch: { singleHeader: { Name: CLIENT_HEADER } },
        comparisonOperator: 'GE',
        size: 1,
        textTransformations: AS_IT_IS,
      },
    };
    return [shown.length === 1 ? only : { orStatement: { statements: shown } }, said];
  }

  /** Every request that was counted or refused; what says who somebody is does not get into the log. */
  private record(acl: wafv2.CfnWebACL): void {
    const { environment, log } = this.props;
    const logGroupName = aclLogGroupName(environment, log);
    const group = new LogGroup(this, 'Log', {
      logGroupName,
      retention: logRetention(LOG_DAYS),
      removalPolicy: environment.retainData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
    // AWS wants the group's ARN without the `:*` for its streams, which the group's own attribute ends in.
    const destination = Stack.of(this).formatArn({
      service: 'logs',
      resource: 'log-group',
      resourceName: logGroupName,
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    });
    const logging = new wafv2.CfnLoggingConfiguration(this, 'Logging', {
      resourceArn: acl.attrArn,
      logDestinationConfigs: [destination],
      redactedFields: ['authorization', 'cookie', ORIGIN_HEADER].map((Name) => ({ singleHeader: { Name } })),
      loggingFilter: {
        DefaultBehavior: 'DROP',
        Filters: [
          {
            Behavior: 'KEEP',
            Requirement: 'MEETS_ANY',
            Conditions: ['BLOCK', 'COUNT', 'EXCLUDED_AS_COUNT'].map((Action) => ({ ActionCondition: { Action } })),
          },
        ],
      },
    });
    logging.node.addDependency(group);
  }
}

const visible = (metricName: string): wafv2.CfnWebACL.VisibilityConfigProperty => ({
  metricName,
  cloudWatchMetricsEnabled: true,
  sampledRequestsEnabled: true,
});

const managed = (name: string): Statement => ({
  managedRuleGroupStatement: {
    vendorName: 'AWS',
    name,
    ...(name === 'AWSManagedRulesAntiDDoSRuleSet' ? { managedRuleGroupConfigs: [{ awsManagedRulesAntiDDoSRuleSet: WITHOUT_CHALLENGES }] } : {}),
  },
});
/** Clients of an API can't solve the challenges that a browser solves. */
const WITHOUT_CHALLENGES = { clientSideActionConfig: { challenge: { usageOfAction: 'DISABLED' } }, sensitivityToBlock: 'LOW' };

const answer = ({ status, retryAfter }: Pick<Limit, 'status' | 'retryAfter'>): wafv2.CfnWebACL.RuleActionProperty => ({
  block: {
    customResponse: {
      responseCode: status,
      customResponseBodyKey: retryAfter === null ? 'blocked' : 'wait',
      ...(retryAfter === null ? {} : { responseHeaders: [{ name: 'Retry-After', value: String(retryAfter) }] }),
    },
  },
});
