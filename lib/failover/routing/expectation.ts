/** What the records of an environment have to do, from the model: the other side of the comparison that the verifier makes. */
import { homeRegion } from '../../topology/derive';
import type { Continent, Environment } from '../../topology/types';
import { HEALTH_PATH, applicationHost, regionHost, switchBucketName, switchMark, switchObjectKey, writerHost } from '../names';
import { UNKNOWN_ACCOUNT } from './intrinsics';
import { standbysOf } from './tree';

/** Where a switch object is read by everybody, health checkers included. */
export interface SwitchObjectUrl {
  readonly host: string;
  readonly path: string;
}

export interface ExpectedRegion {
  readonly name: string;
  readonly host: string;
  /** What stands in a switch object, and what a routing control is called, when this region has taken over. */
  readonly mark: string;
}

export interface Expectation {
  readonly environment: string;
  readonly zoneId: string;
  readonly application: string;
  readonly writer: string;
  /** Seconds, at most: what the budgets count on. */
  readonly ttl: number;
  readonly healthPath: string;
  readonly probes: { readonly interval: number; readonly failureThreshold: number; readonly switchThreshold: number };
  readonly home: ExpectedRegion;
  /** In the order in which they take over. */
  readonly standbys: readonly ExpectedRegion[];
  readonly preferences: Readonly<Partial<Record<Continent, string>>>;
  /** What says that a region took over: a majority of objects, or one control per standby region; null: nothing does. */
  readonly trafficSwitch: { readonly kind: 'objects'; readonly objects: readonly SwitchObjectUrl[] } | { readonly kind: 'controls' } | null;
}

/** @param account the account's id; where it is not known, the text that stands for it in templates */
export const switchObjectUrl = (environment: Pick<Environment, 'name'>, region: string, account: string): SwitchObjectUrl => ({
  host: `${switchBucketName(environment, region, account)}.s3.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`,
  path: `/${switchObjectKey(environment)}`,
});

/** The name of a routing control. */
export const controlName = (environment: Pick<Environment, 'name'>, region: string): string => `holdfast-${environment.name}-${region}-active`;

const trafficSwitchOf = (environment: Environment): Expectation['trafficSwitch'] => {
  const { failover, account } = environment;
  if (failover === null) return null;
  if (failover.trafficSwitch === 'routingControl') return { kind: 'controls' };
  return { kind: 'objects', objects: failover.switchRegions.map((region) => switchObjectUrl(environment, region, account ?? UNKNOWN_ACCOUNT)) };
};

/** @throws Error when the environment has no `dns` */
export const expectationOf = (environment: Environment): Expectation => {
  const { dns, failover } = environment;
  if (dns === null) throw new Error(`environment "${environment.name}" has no dns`);
  const byControl = failover?.trafficSwitch === 'routingControl';
  const expected = (region: { readonly name: string }): ExpectedRegion => ({
    name: region.name,
    host: regionHost(dns, region),
    mark: byControl ? controlName(environment, region.name) : switchMark(region.name),
  });
  const { interval, failureThreshold, switchThreshold } = dns.healthChecks;
  return {
    environment: environment.name,
    zoneId: dns.zoneId,
    application: applicationHost(dns),
    writer: writerHost(dns),
    ttl: dns.ttl,
    healthPath: HEALTH_PATH,
    probes: { interval, failureThreshold, switchThreshold },
    home: expected(homeRegion(environment)),
    standbys: standbysOf(environment).map(expected),
    preferences: dns.preferences,
    trafficSwitch: trafficSwitchOf(environment),
  };
};
