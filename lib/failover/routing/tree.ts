/**
 * The records that send clients to a region, from the model. A description without CDK and without Route 53: `lib/constructs/dns-tree.ts` renders it, and what was
 * rendered is verified (`verify.ts`), not this.
 *
 *   app      NA -> pref-us      * -> pref-home          writer -> pref-home
 *   pref-us    PRIMARY us, while it is ready            SECONDARY -> pref-home
 *   pref-home  PRIMARY home, unless the switch says us  SECONDARY us
 *
 * With more standby regions pref-home becomes a chain, in the order of the model: home unless the first took over; then unless the second did; and so on.
 */
import { homeRegion, regionCode } from '../../topology/derive';
import { CONTINENTS, type Dns, type Environment, type Region } from '../../topology/types';
import { applicationHost, regionHost, writerHost } from '../names';
import type { Routing } from './types';

/** A record that leads to records of the same zone. All of them evaluate their target's health: for failover records Route 53 demands it. */
export interface TreeRecord {
  /** Of the construct; part of a logical id, so it never changes. */
  readonly id: string;
  readonly name: string;
  readonly routing: Routing;
  /** Route 53's name of the record among those of its name; undefined for simple routing. */
  readonly identifier: string | undefined;
  /** The id of a check; undefined: none. */
  readonly check: string | undefined;
  /** The name that it is an alias of. */
  readonly to: string;
}

export interface DnsTree {
  /** Asks a region's own entrance whether it is ready. */
  readonly readiness: readonly { readonly id: string; readonly region: string; readonly host: string }[];
  /** Healthy unless the traffic switch says that the region took over. */
  readonly takeovers: readonly { readonly id: string; readonly region: string }[];
  readonly records: readonly TreeRecord[];
}

/** `us-east-1` becomes `Use1`: part of construct ids. */
export const regionTitle = (region: string): string => {
  const code = regionCode(region);
  return `${code.charAt(0).toUpperCase()}${code.slice(1)}`;
};

const belowApplication = (dns: Dns, label: string): string => `${label}.${applicationHost(dns)}`;
/** The name of whoever should answer clients that prefer a region. */
export const preferenceHost = (dns: Dns, region: Pick<Region, 'name'>): string => belowApplication(dns, `pref-${regionCode(region.name)}`);
const unlessHost = (dns: Dns, standby: Region): string => belowApplication(dns, `unless-${regionCode(standby.name)}`);

const readinessId = (region: Region): string => `Ready${regionTitle(region.name)}`;
const takeoverId = (region: Region): string => `NotTakenBy${regionTitle(region.name)}`;

/** The regions that may take over, in the order in which they are asked. */
export const standbysOf = (environment: Environment): readonly Region[] => environment.regions.filter((region) => region.role === 'standby');

/** Where clients go that prefer no standby region, and all writers. Without a failover that is the home region, whatever happens. */
const centreHost = (environment: Environment, dns: Dns): string => {
  const home = homeRegion(environment);
  return environment.failover === null ? regionHost(dns, home) : preferenceHost(dns, home);
};

const pair = (id: string, name: string, first: Pick<TreeRecord, 'check' | 'to'>, second: Pick<TreeRecord, 'to'>): readonly TreeRecord[] => [
  { id: `${id}Primary`, name, routing: { kind: 'failover', role: 'PRIMARY' }, identifier: 'primary', ...first },
  { id: `${id}Secondary`, name, routing: { kind: 'failover', role: 'SECONDARY' }, identifier: 'secondary', check: undefined, ...second },
];

/** Home, unless one of the standbys took over; of two that are both said to have, the first. */
const takeoverChain = (environment: Environment, dns: Dns): readonly TreeRecord[] => {
  if (environment.failover === null) return [];
  const home = homeRegion(environment);
  const standbys = standbysOf(environment);
  return standbys.flatMap((standby, i) => {
    const next = standbys[i + 1];
    const name = i === 0 ? preferenceHost(dns, home) : unlessHost(dns, standby);
    const onward = next === undefined ? regionHost(dns, home) : unlessHost(dns, next);
    return pair(`Unless${regionTitle(standby.name)}`, name, { check: takeoverId(standby), to: onward }, { to: regionHost(dns, standby) });
  });
};

const preferences = (environment: Environment, dns: Dns): readonly TreeRecord[] =>
  standbysOf(environment).flatMap((standby) =>
    pair(
      `Prefer${regionTitle(standby.name)}`,
      preferenceHost(dns, standby),
      { check: readinessId(standby), to: regionHost(dns, standby) },
      { to: centreHost(environment, dns) },
    ),
  );

/** Also with one region, and for places that prefer the home region: a name's routing policy cannot be changed without deleting its records. */
const places = (environment: Environment, dns: Dns): readonly TreeRecord[] => {
  const name = applicationHost(dns);
  const standbys = standbysOf(environment);
  const continents = CONTINENTS.flatMap((continent): readonly TreeRecord[] => {
    const preferred = standbys.find((standby) => standby.name === dns.preferences[continent]);
    if (preferred === undefined) return [];
    return [
      {
        id: `From${continent}`,
        name,
        routing: { kind: 'geolocation', continent },
        identifier: continent,
        check: undefined,
        to: preferenceHost(dns, preferred),
      },
    ];
  });
  const rest: TreeRecord = {
    id: 'FromAnywhere',
    name,
    routing: { kind: 'geolocation', continent: '*' },
    identifier: 'anywhere',
    check: undefined,
    to: centreHost(environment, dns),
  };
  return [...continents, rest];
};

/** @throws Error when the environment has no `dns` */
export const dnsTree = (environment: Environment): DnsTree => {
  const { dns, failover, regions } = environment;
  if (dns === null) throw new Error(`environment "${environment.name}" has no dns`);
  const writer: TreeRecord = {
    id: 'Writer',
    name: writerHost(dns),
    routing: { kind: 'simple' },
    identifier: undefined,
    check: undefined,
    to: centreHost(environment, dns),
  };
  return {
    readiness: regions.map((region) => ({ id: readinessId(region), region: region.name, host: regionHost(dns, region) })),
    takeovers: failover === null ? [] : standbysOf(environment).map((standby) => ({ id: takeoverId(standby), region: standby.name })),
    records: [...places(environment, dns), writer, ...preferences(environment, dns), ...takeoverChain(environment, dns)],
  };
};
