/** Where a client is, by its address: what Route 53's database of places is. Pure. */
import { BlockList } from 'node:net';
import type { Continent } from '../../lib/topology/types';

export interface Place {
  readonly cidr: string;
  readonly continent: Continent;
}

const OF_REGIONS: Readonly<Record<string, Continent>> = { af: 'AF', ap: 'AS', ca: 'NA', eu: 'EU', il: 'AS', me: 'AS', mx: 'NA', sa: 'SA', us: 'NA' };

/** @throws Error for a region of a part of the world that the lab does not know */
export const continentOf = (region: string): Continent => {
  const continent = OF_REGIONS[region.split('-')[0] ?? ''];
  if (continent === undefined) throw new Error(`no continent of region "${region}"; known beginnings: ${Object.keys(OF_REGIONS).join(', ')}`);
  return continent;
};

/** @returns null for an address that is in none of the places */
export const locate = (places: readonly Place[], address: string): Continent | null => {
  const found = places.find(({ cidr }) => {
    const [network = '', prefix = '32'] = cidr.split('/');
    const list = new BlockList();
    list.addSubnet(network, Number(prefix), 'ipv4');
    return list.check(address, 'ipv4');
  });
  return found?.continent ?? null;
};
