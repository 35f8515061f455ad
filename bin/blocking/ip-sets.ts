/** The IP sets of the web ACLs: those of CloudFront, and those of each region's load balancer. A command changes them; no deployment does. */
import { GetIPSetCommand, ListIPSetsCommand, UpdateIPSetCommand, WAFV2Client } from '@aws-sdk/client-wafv2';
import { limits } from '../../lambdas/aws/limits';
import { EDGE_REGION, ipSetName, type Family } from '../../lib/topology/edge-names';
import type { Environment } from '../../lib/topology/types';
import { EXIT, ExpectedError } from '../exit';

export type AclScope = 'CLOUDFRONT' | 'REGIONAL';

/** One IP set. */
export interface Place {
  readonly scope: AclScope;
  readonly region: string;
  readonly name: string;
}

export interface IpSet {
  readonly id: string;
  readonly addresses: readonly string[];
  /** Of what was read: AWS refuses an update that does not begin from the newest. */
  readonly lockToken: string;
}

/** Somebody else has changed the set since it was read. */
export class StaleToken extends Error {
  override readonly name = 'StaleToken';
}

export interface IpSets {
  /** @throws ExpectedError when there is none */
  readonly read: (place: Place) => Promise<IpSet>;
  /** @throws StaleToken */
  readonly write: (place: Place, set: IpSet) => Promise<void>;
}

export const placesOf = (environment: Environment, family: Family): readonly Place[] => {
  const name = ipSetName(environment, 'blocked', family);
  return [
    { scope: 'CLOUDFRONT', region: EDGE_REGION, name },
    ...environment.regions.map((region): Place => ({ scope: 'REGIONAL', region: region.name, name })),
  ];
};

const TIMEOUT = 5000;
const PAGE = 100;

const named = (error: unknown, name: string): boolean => error instanceof Error && error.name === name;

/** The sets in AWS; each client is made when it is first asked. */
export const awsIpSets = (clientFor = (region: string): WAFV2Client => new WAFV2Client({ region, ...limits(TIMEOUT) })): IpSets => {
  const idOf = async (client: WAFV2Client, { scope, region, name }: Place): Promise<string> => {
    let marker: string | undefined;
    do {
      const page = await client.send(new ListIPSetsCommand({ Scope: scope, Limit: PAGE, ...(marker === undefined ? {} : { NextMarker: marker }) }));
      const id = page.IPSets?.find((set) => set.Name === name)?.Id;
      if (id !== undefined) return id;
      marker = page.IPSets?.length === PAGE ? page.NextMarker : undefined;
    } while (marker !== undefined);
    throw new ExpectedError(`there is no IP set ${name} (${scope}) in ${region}: deploy the environment's edge and entrances first`, EXIT.failed);
  };
  return {
    read: async (place) => {
      const client = clientFor(place.region);
      const id = await idOf(client, place);
      const { IPSet, LockToken } = await client.send(new GetIPSetCommand({ Scope: place.scope, Id: id, Name: place.name }));
      if (IPSet === undefined || LockToken === undefined)
        throw new ExpectedError(`AWS says nothing about the IP set ${place.name} in ${place.region}`, EXIT.failed);
      return { id, addresses: IPSet.Addresses ?? [], lockToken: LockToken };
    },
    write: async (place, { id, addresses, lockToken }) => {
      try {
        const to = { Scope: place.scope, Id: id, Name: place.name, Addresses: [...addresses], LockToken: lockToken };
        await clientFor(place.region).send(new UpdateIPSetCommand({ ...to, Description: 'changed by holdfast block, and by no deployment' }));
      } catch (error) {
        if (named(error, 'WAFOptimisticLockException')) throw new StaleToken(`${place.name} in ${place.region}`, { cause: error });
        throw error;
      }
    },
  };
};

const ATTEMPTS = 5;

export interface SetChange extends Place {
  readonly changed: boolean;
  /** How many addresses it has, or would have. */
  readonly entries: number;
}

/** Adds or removes one block in one set; nothing is written where it is so already, or on a dry run. */
const changeSet = async (sets: IpSets, place: Place, cidr: string, remove: boolean, dryRun: boolean): Promise<SetChange> => {
  for (let attempt = 1; ; attempt += 1) {
    const set = await sets.read(place);
    const addresses = remove ? set.addresses.filter((address) => address !== cidr) : [...new Set([...set.addresses, cidr])];
    const changed = addresses.length !== set.addresses.length;
    if (!changed || dryRun) return { ...place, changed, entries: addresses.length };
    try {
      await sets.write(place, { ...set, addresses });
      return { ...place, changed, entries: addresses.length };
    } catch (error) {
      if (!(error instanceof StaleToken) || attempt === ATTEMPTS) throw error;
    }
  }
};

/** What became of one set. */
export type SetOutcome = SetChange | (Place & { readonly error: string });

/** In every place at once: a region that does not answer keeps no other from being protected. */
export const changeEverywhere = async (
  sets: IpSets,
  places: readonly Place[],
  cidr: string,
  remove: boolean,
  dryRun: boolean,
): Promise<readonly SetOutcome[]> => {
  const outcomes = await Promise.allSettled(places.map((place) => changeSet(sets, place, cidr, remove, dryRun)));
  return outcomes.map((outcome, i) => {
    if (outcome.status === 'fulfilled') return outcome.value;
    const place = places[i];
    if (place === undefined) throw new Error('an outcome without a place');
    const reason: unknown = outcome.reason;
    return { ...place, error: reason instanceof Error ? reason.message : String(reason) };
  });
};
