import * as route53 from 'aws-cdk-lib/aws-route53';
import { Construct } from 'constructs';
import { HEALTH_PATH } from '../failover/names';
import { dnsTree, type DnsTree, type Routing, type TreeRecord } from '../failover/routing';
import type { Dns, Environment } from '../topology/types';
import { nameTag } from './dns-check';
import type { TrafficSwitch } from './dns-switch';

export interface DnsTreeProps {
  readonly environment: Environment;
  readonly dns: Dns;
  /** Null: no region takes over by itself. */
  readonly trafficSwitch: TrafficSwitch | null;
}

/** The records that send clients to a region, and the health checks that they look at. The zone exists already; the records that they lead to are the regions' own. */
export class DnsRecords extends Construct {
  /** The ids of the health checks, by the ids that the tree gives them. */
  readonly checkIds: ReadonlyMap<string, string>;
  private readonly environment: Environment;
  private readonly dns: Dns;

  constructor(scope: Construct, id: string, props: DnsTreeProps) {
    super(scope, id);
    const { environment, dns, trafficSwitch } = props;
    this.environment = environment;
    this.dns = dns;
    const tree = dnsTree(environment);
    this.checkIds = new Map([...this.checkReadiness(tree), ...this.checkTakeovers(tree, trafficSwitch)]);
    this.inOrder(tree.records.map((record) => [record, this.define(record)]));
  }

  private checkReadiness({ readiness }: DnsTree): readonly (readonly [string, string])[] {
    const { interval, failureThreshold } = this.dns.healthChecks;
    return readiness.map(({ id, region, host }) => {
      const check = new route53.CfnHealthCheck(this, id, {
        healthCheckConfig: {
          type: 'HTTPS',
          fullyQualifiedDomainName: host,
          port: 443,
          resourcePath: HEALTH_PATH,
          enableSni: true,
          requestInterval: interval,
          failureThreshold,
        },
        healthCheckTags: [nameTag(this.environment, `${region} is ready`)],
      });
      return [id, check.attrHealthCheckId] as const;
    });
  }

  private checkTakeovers({ takeovers }: DnsTree, trafficSwitch: TrafficSwitch | null): readonly (readonly [string, string])[] {
    if (trafficSwitch === null) return [];
    return takeovers.map(({ id, region }) => {
      const { checkIds, threshold } = trafficSwitch.signsOf(region);
      const check = new route53.CfnHealthCheck(this, id, {
        healthCheckConfig: { type: 'CALCULATED', childHealthChecks: [...checkIds], healthThreshold: threshold, inverted: true },
        healthCheckTags: [nameTag(this.environment, `${region} has not taken over`)],
      });
      return [id, check.attrHealthCheckId] as const;
    });
  }

  private define({ id, name, routing, identifier, check, to }: TreeRecord): route53.CfnRecordSet {
    return new route53.CfnRecordSet(this, id, {
      hostedZoneId: this.dns.zoneId,
      name,
      type: 'A',
      aliasTarget: { hostedZoneId: this.dns.zoneId, dnsName: to, evaluateTargetHealth: true },
      ...policyOf(routing),
      ...(identifier === undefined ? {} : { setIdentifier: identifier }),
      ...(check === undefined ? {} : { healthCheckId: this.checkId(check) }),
    });
  }

  private checkId(check: string): string {
    const id = this.checkIds.get(check);
    if (id === undefined) throw new Error(`the tree of "${this.environment.name}" has a record with the health check "${check}", and no such check`);
    return id;
  }

  /** Route 53 refuses an alias to a name that is not there yet. */
  private inOrder(records: readonly (readonly [TreeRecord, route53.CfnRecordSet])[]): void {
    for (const [{ to }, resource] of records) {
      for (const [{ name }, target] of records) if (name === to) resource.addResourceDependency(target);
    }
  }
}

const policyOf = (routing: Routing): Pick<route53.CfnRecordSetProps, 'failover' | 'geoLocation'> => {
  switch (routing.kind) {
    case 'simple':
      return {};
    case 'failover':
      return { failover: routing.role };
    case 'geolocation':
      return { geoLocation: routing.continent === '*' ? { countryCode: '*' } : { continentCode: routing.continent } };
  }
};
