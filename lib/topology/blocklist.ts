/** Which blocks of addresses may be refused: not everybody, and not ourselves. The same judgement for the model's blocklist and for `holdfast block address`. */
import { block, blockSize, blocksOverlap, parseBlock, type Block } from './addresses';
import type { Environment } from './types';

/**
 * Route 53's health checkers, IPv4, which is what the regions' entrances speak: published as ROUTE53_HEALTHCHECKS in https://ip-ranges.amazonaws.com/ip-ranges.json.
 * They come to the regions' own names past CloudFront; refused, they would say that the region is lost.
 */
export const HEALTH_CHECKERS: readonly string[] = [
  '15.177.0.0/18',
  '54.183.255.128/26',
  '54.228.16.0/26',
  '54.232.40.64/26',
  '54.241.32.64/26',
  '54.243.31.192/26',
  '54.244.52.192/26',
  '54.245.168.0/26',
  '54.248.220.0/26',
  '54.250.253.192/26',
  '54.251.31.128/26',
  '54.252.79.128/26',
  '54.252.254.192/26',
  '54.255.254.192/26',
  '107.23.255.0/26',
  '176.34.159.192/26',
  '177.71.207.128/26',
];

/** A shorter prefix is no client and no provider any more, but a part of the internet. */
export const SHORTEST_PREFIX = { 4: 8, 6: 16 } as const;
/** All IPv4 entries together may refuse so much of the address space: one sixteenth. */
const MOST_ADDRESSES = 1n << 28n;
/** Addresses that no client has: what such an entry is meant to refuse never arrives, or is ourselves. */
const NOBODY: readonly (readonly [string, string])[] = [
  ['127.0.0.0/8', 'loopback: probes inside the pods'],
  ['169.254.0.0/16', 'link-local: the machines’ own services'],
  ['::1/128', 'loopback: probes inside the pods'],
  ['fe80::/10', 'link-local'],
];

/** A block that is ours, and whose. */
export interface OwnBlock {
  readonly block: Block;
  readonly whose: string;
}

/** What the model knows to be ours. Public addresses of NAT gateways are known in AWS only: `more` of `refusal`. */
export const ownBlocks = ({ regions }: Pick<Environment, 'regions'>): readonly OwnBlock[] => [
  ...regions.flatMap(({ name, network }) =>
    [[network.vpcCidr, `the private network of ${name}`] as const, [network.serviceCidr, `the service addresses of ${name}`] as const].flatMap(
      ([cidr, whose]) => {
        const parsed = parseBlock(cidr);
        return parsed === undefined ? [] : [{ block: parsed, whose }];
      },
    ),
  ),
  ...HEALTH_CHECKERS.map((cidr) => ({ block: block(cidr), whose: 'Route 53’s health checkers, without which every region counts as lost' })),
  ...NOBODY.map(([cidr, whose]) => ({ block: block(cidr), whose })),
];

/** Why an entry must not be in a blocklist. */
export interface Refusal {
  readonly given: string;
  readonly allowed: string;
  readonly fix: string;
}

/** @returns the block, or why it is refused */
export const judgeEntry = (text: string, own: readonly OwnBlock[]): Block | Refusal => {
  const entry = parseBlock(text);
  if (entry === undefined) {
    return { given: JSON.stringify(text), allowed: 'an IPv4 or IPv6 address or CIDR', fix: 'for example "198.51.100.0/24" or "2001:db8::/48"' };
  }
  const shortest = SHORTEST_PREFIX[entry.family];
  if (entry.prefix < shortest) {
    const share = entry.prefix === 0 ? 'everybody' : `one ${2 ** entry.prefix}th of everybody`;
    return {
      given: `${text}, which is ${share}`,
      allowed: `/${shortest} or longer`,
      fix: 'name the networks that attack; a limit, not a block, is for everybody',
    };
  }
  const hit = own.find((ours) => blocksOverlap(ours.block, entry));
  if (hit !== undefined) {
    return { given: `${text}, which overlaps ${hit.block.canonical}: ${hit.whose}`, allowed: 'blocks that are not our own', fix: 'leave that part out' };
  }
  return entry;
};

export const isRefusal = (judged: Block | Refusal): judged is Refusal => 'fix' in judged;

/** Whether entries that are sound one by one refuse too much together: two halves are everybody. */
export const refusesTooMuch = (entries: readonly Block[]): Refusal | null => {
  const total = entries.filter(({ family }) => family === 4).reduce((sum, entry) => sum + blockSize(entry), 0n);
  if (total <= MOST_ADDRESSES) return null;
  return {
    given: `${entries.length} entries with ${total} addresses, ${Number((total * 1000n) >> 32n) / 10} % of all IPv4 addresses`,
    allowed: 'at most 6.2 % together',
    fix: 'block the networks that attack; for an attack from everywhere: holdfast limits --emergency on',
  };
};
