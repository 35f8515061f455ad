/** What the public zone answers at this moment: the template's records, by Route 53's rules, and the live health. */
import { answer, type Health, type Zone } from '../../lib/failover/routing';
import type { DnsQuestion, DnsReply } from './dns-server';
import { locate, type Place } from './places';

export interface PublicZoneOptions {
  readonly zone: Zone;
  readonly zoneName: string;
  readonly health: () => Health;
  readonly places: readonly Place[];
  /** Address of each region's public entrance, which stands for its load balancer. */
  readonly entrances: Readonly<Record<string, string>>;
  /** Instead of the 60 s of an alias to a load balancer. */
  readonly ttl: number;
  /** AWS's own names lead here. */
  readonly awsAddress: string;
}

const AWS_TTL = 60;
const isBelow = (name: string, zone: string): boolean => name === zone || name.endsWith(`.${zone}`);

export const publicZone = (options: PublicZoneOptions): ((question: DnsQuestion) => DnsReply) => {
  const { zone, zoneName, places, entrances, ttl, awsAddress } = options;
  const nothing = (status: DnsReply['status']): DnsReply => ({ status, addresses: [], ttl: 0 });
  return ({ name, type, client }) => {
    if (isBelow(name, 'amazonaws.com')) return type === 'A' ? { status: 'answered', addresses: [awsAddress], ttl: AWS_TTL } : nothing('no-data');
    if (!isBelow(name, zoneName)) return nothing('not-ours');
    // The tree has the same shape for both families; the lab has IPv4 only.
    const said = answer(zone.records, options.health(), { name, type, continent: locate(places, client) }, { loadBalancerTtl: ttl });
    if (said.status !== 'answered' || type !== 'A') return nothing(said.status === 'no-such-name' ? 'no-such-name' : 'no-data');
    const addresses = said.records.map((record) => (record.kind === 'value' ? record.value : entranceOf(entrances, record.region)));
    return { status: 'answered', addresses, ttl: said.ttl };
  };
};

const entranceOf = (entrances: Readonly<Record<string, string>>, region: string): string => {
  const address = entrances[region];
  if (address === undefined) throw new Error(`no entrance of region "${region}"; there are: ${Object.keys(entrances).join(', ')}`);
  return address;
};
