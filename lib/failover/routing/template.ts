/** Reads records and health checks out of synthesized templates: of what is deployed, not of what the model meant. */
import { CONTINENTS, type Continent } from '../../topology/types';
import { UnreadableTemplate, isPlain, resolveText, type StackTemplate } from './intrinsics';
import type { HealthCheck, HealthCheckKind, Probe, RecordSet, Routing, Target, Zone } from './types';

/** A name that leads to a CloudFront distribution, and what that asks in turn. */
export interface EdgeRecord {
  readonly id: string;
  readonly name: string;
  /** Host names of the distribution's origins. */
  readonly origins: readonly string[];
}

export interface ReadZone extends Zone {
  /** Names in front of the tree, which clients ask instead. */
  readonly edge: readonly EdgeRecord[];
  /** What could not be read, or is of a kind that the evaluator has no rules for. Nothing is left out silently: whoever reads must look at these. */
  readonly problems: readonly string[];
}

type Properties = Readonly<Record<string, unknown>>;

/** Of every distribution: https://docs.aws.amazon.com/general/latest/gr/cf_region.html */
const CLOUDFRONT_ZONE = 'Z2FDTNDATAQYW2';
const LOAD_BALANCER = 'AWS::ElasticLoadBalancingV2::LoadBalancer';
/** Policies that Route 53 has and the evaluator does not. */
const OTHER_POLICIES = ['Weight', 'Region', 'MultiValueAnswer', 'CidrRoutingConfig', 'GeoProximityLocation'];
const PROBE_TYPES = ['HTTP', 'HTTPS', 'HTTP_STR_MATCH', 'HTTPS_STR_MATCH', 'TCP'] as const;

const plainName = (name: string): string => name.toLowerCase().replace(/\.$/, '');
const isContinent = (code: unknown): code is Continent => CONTINENTS.some((continent) => continent === code);

/** Reads one stack, given all of them: an alias may lead to a load balancer of another. */
class StackReader {
  constructor(
    private readonly stack: StackTemplate,
    private readonly all: readonly StackTemplate[],
  ) {}

  text(value: unknown): string {
    return resolveText(value, this.stack);
  }

  /** The id of what a reference leads to, without the attribute that holds the id. */
  private reference(value: unknown): string {
    return this.text(value).replace(/\.HealthCheckId$/, '');
  }

  record(id: string, properties: Properties): RecordSet {
    const zoneId = this.text(properties['HostedZoneId']);
    return {
      id,
      name: plainName(this.text(properties['Name'])),
      type: this.text(properties['Type']),
      zoneId,
      routing: this.routing(id, properties),
      healthCheck: properties['HealthCheckId'] === undefined ? undefined : this.reference(properties['HealthCheckId']),
      target: this.target(id, zoneId, properties),
    };
  }

  /** @returns undefined when the record leads elsewhere */
  edge(id: string, properties: Properties): EdgeRecord | undefined {
    const alias = properties['AliasTarget'];
    if (!isPlain(alias) || this.text(alias['HostedZoneId']) !== CLOUDFRONT_ZONE) return undefined;
    const [, owner, logicalId = ''] = /^([^/]+)\/([^.]+)\.DomainName$/.exec(this.text(alias['DNSName'])) ?? [];
    const stack = this.all.find((candidate) => candidate.stack === owner);
    const distribution = stack === undefined ? undefined : resourcesOf(stack).get(logicalId);
    const config = distribution === undefined ? undefined : propertiesOf(distribution)['DistributionConfig'];
    if (stack === undefined || !isPlain(config) || !Array.isArray(config['Origins'])) {
      throw new UnreadableTemplate(`${id}: an alias to CloudFront leads to a distribution of these stacks, not to ${this.text(alias['DNSName'])}`);
    }
    const origins = config['Origins'].filter(isPlain).map((origin) => plainName(resolveText(origin['DomainName'], stack)));
    return { id, name: plainName(this.text(properties['Name'])), origins };
  }

  private routing(id: string, properties: Properties): Routing {
    const other = OTHER_POLICIES.find((policy) => properties[policy] !== undefined);
    if (other !== undefined) throw new UnreadableTemplate(`${id}: routing by ${other} has no rules here; use Failover or GeoLocation`);
    const { Failover: role, GeoLocation: place, SetIdentifier: identifier } = properties;
    if ((role !== undefined || place !== undefined) !== (identifier !== undefined)) {
      throw new UnreadableTemplate(`${id}: SetIdentifier belongs to a record with a routing policy, and every such record needs one`);
    }
    if (role !== undefined && place !== undefined)
      throw new UnreadableTemplate(`${id}: a record has one routing policy; this one has Failover and GeoLocation`);
    if (role === 'PRIMARY' || role === 'SECONDARY') return { kind: 'failover', role };
    if (role !== undefined) throw new UnreadableTemplate(`${id}: Failover is PRIMARY or SECONDARY, not ${JSON.stringify(role)}`);
    if (place === undefined) return { kind: 'simple' };
    const { ContinentCode: continent, CountryCode: country } = isPlain(place) ? place : {};
    if (isContinent(continent)) return { kind: 'geolocation', continent };
    if (country === '*') return { kind: 'geolocation', continent: '*' };
    throw new UnreadableTemplate(`${id}: places are continents (${CONTINENTS.join(', ')}) or the default (CountryCode "*"), not ${JSON.stringify(place)}`);
  }

  private target(id: string, zoneId: string, properties: Properties): Target {
    const { AliasTarget: alias, ResourceRecords: values, TTL: ttl } = properties;
    if (isPlain(alias)) return this.alias(id, zoneId, alias);
    if (!Array.isArray(values) || ttl === undefined) throw new UnreadableTemplate(`${id}: a record needs AliasTarget, or ResourceRecords and TTL`);
    return { kind: 'values', values: values.map((value) => this.text(value)), ttl: Number(this.text(ttl)) };
  }

  private alias(id: string, zoneId: string, alias: Properties): Target {
    const evaluateTargetHealth = alias['EvaluateTargetHealth'] === true;
    const name = this.text(alias['DNSName']);
    if (this.text(alias['HostedZoneId']) === zoneId) return { kind: 'record', name: plainName(name), evaluateTargetHealth };
    const [, owner, logicalId] = /^(?:dualstack\.)?([^/]+)\/([^.]+)\.DNSName$/.exec(name) ?? [];
    const stack = this.all.find((candidate) => candidate.stack === owner);
    if (stack === undefined || logicalId === undefined || resourcesOf(stack).get(logicalId)?.['Type'] !== LOAD_BALANCER) {
      throw new UnreadableTemplate(`${id}: an alias leads to a record of its own zone, or to a load balancer of these stacks, not to ${name}`);
    }
    return { kind: 'loadBalancer', id: `${stack.stack}/${logicalId}`, region: stack.region, evaluateTargetHealth };
  }

  check(id: string, properties: Properties): HealthCheck {
    const config = isPlain(properties['HealthCheckConfig']) ? properties['HealthCheckConfig'] : {};
    return { id, inverted: config['Inverted'] === true, ...this.checkKind(id, config) };
  }

  private checkKind(id: string, config: Properties): HealthCheckKind {
    const type = config['Type'];
    const probe = PROBE_TYPES.find((known) => known === type);
    if (probe !== undefined) return { kind: 'probe', type: probe, probe: this.probe(id, config) };
    if (type === 'RECOVERY_CONTROL') return { kind: 'routingControl', control: this.controlName(id, config['RoutingControlArn']) };
    const children = config['ChildHealthChecks'];
    if (type === 'CALCULATED' && Array.isArray(children)) {
      return { kind: 'calculated', children: children.map((child) => this.reference(child)), threshold: Number(config['HealthThreshold'] ?? children.length) };
    }
    throw new UnreadableTemplate(`${id}: a health check of type ${JSON.stringify(type)} has no rules here`);
  }

  /** A routing control's own name: it is what a failover switches by. */
  private controlName(id: string, arn: unknown): string {
    const [, logicalId = ''] = this.text(arn)
      .replace(/\.RoutingControlArn$/, '')
      .split('/');
    const control = resourcesOf(this.stack).get(logicalId);
    if (control?.['Type'] !== 'AWS::Route53RecoveryControl::RoutingControl') {
      throw new UnreadableTemplate(`${id}: ${this.text(arn)} is no routing control of its stack`);
    }
    return this.text(propertiesOf(control)['Name']);
  }

  private probe(id: string, config: Properties): Probe {
    const { FullyQualifiedDomainName: host, IPAddress: address, SearchString: search, Port: port, ResourcePath: path } = config;
    if (host === undefined || address !== undefined)
      throw new UnreadableTemplate(`${id}: a health check of a name has FullyQualifiedDomainName and no IPAddress`);
    return {
      host: this.text(host).replace(/\.$/, ''),
      port: Number(port ?? (String(config['Type']).startsWith('HTTPS') ? 443 : 80)),
      path: path === undefined ? '/' : this.text(path),
      searchString: search === undefined ? undefined : this.text(search),
      interval: Number(config['RequestInterval'] ?? 30),
      failureThreshold: Number(config['FailureThreshold'] ?? 3),
      sni: config['EnableSNI'] === undefined ? String(config['Type']).startsWith('HTTPS') : config['EnableSNI'] === true,
    };
  }
}

const resourcesOf = ({ template }: StackTemplate): ReadonlyMap<string, Properties> => {
  const resources = isPlain(template) && isPlain(template['Resources']) ? template['Resources'] : {};
  return new Map(Object.entries(resources).flatMap(([id, resource]) => (isPlain(resource) ? [[id, resource] as const] : [])));
};

const propertiesOf = (resource: Properties): Properties => (isPlain(resource['Properties']) ? resource['Properties'] : {});

/** Records and health checks of all the stacks of an environment, by logical names. Never throws: see `problems`. */
export const readZone = (stacks: readonly StackTemplate[]): ReadZone => {
  const records: RecordSet[] = [];
  const edge: EdgeRecord[] = [];
  const checks: HealthCheck[] = [];
  const problems: string[] = [];
  const attempt = (read: () => void): void => {
    try {
      read();
    } catch (error) {
      if (!(error instanceof UnreadableTemplate)) throw error;
      problems.push(error.message);
    }
  };
  for (const stack of stacks) {
    const reader = new StackReader(stack, stacks);
    const read = (id: string, properties: Properties): void => {
      const front = reader.edge(id, properties);
      if (front === undefined) records.push(reader.record(id, properties));
      else edge.push(front);
    };
    for (const [logicalId, resource] of resourcesOf(stack)) {
      const id = `${stack.stack}/${logicalId}`;
      const properties = propertiesOf(resource);
      if (resource['Type'] === 'AWS::Route53::RecordSet') attempt(() => read(id, properties));
      if (resource['Type'] === 'AWS::Route53::HealthCheck') attempt(() => checks.push(reader.check(id, properties)));
      if (resource['Type'] === 'AWS::Route53::RecordSetGroup') {
        const members = Array.isArray(properties['RecordSets']) ? properties['RecordSets'].filter(isPlain) : [];
        members.forEach((member, n) => attempt(() => read(`${id}[${n}]`, { HostedZoneId: properties['HostedZoneId'], ...member })));
      }
    }
  }
  return { records, edge, checks, problems };
};
