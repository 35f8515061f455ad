/** How a VPC is divided: every tier takes one share per zone of what the tier before has left over. */
import { parseCidr } from './cidr';
import type { Environment, Region } from './types';

/**
 * The largest private subnets that leave room for the other tiers.
 * For 3 zones in a /16: private /18 (16,384 addresses each: pods have VPC addresses), isolated /20, public /22.
 * @throws Error when it is no CIDR, or too small for so many zones
 */
export const subnetMasks = (vpcCidr: string, zones: number): { readonly private: number; readonly isolated: number; readonly public: number } => {
  const prefix = Number(vpcCidr.split('/')[1]);
  if (!Number.isInteger(prefix)) throw new Error(`not a CIDR with a prefix length: ${vpcCidr}`);
  const step = Math.ceil(Math.log2(zones + 1));
  const masks = { private: prefix + step, isolated: prefix + 2 * step, public: prefix + 3 * step };
  const smallest = 28;
  if (masks.public > smallest)
    throw new Error(
      `${vpcCidr} is too small for ${zones} zones: public subnets would be /${masks.public}, AWS allows /${smallest} or larger; use a VPC CIDR of /${smallest - 3 * step} or larger`,
    );
  return masks;
};

/** By which a load balancer finds the isolated subnet of a zone: its tag `Name`. */
export const isolatedSubnetName = ({ name }: Pick<Environment, 'name'>, zone: string): string => `holdfast-${name}-isolated-${zone}`;

const text = (n: number): string => [24, 16, 8, 0].map((shift) => Math.floor(n / 2 ** shift) % 256).join('.');

/** The n-th address from the end of each zone's isolated subnet; AWS keeps the last one (n = 0) for itself. */
export const lastIsolatedAddresses = ({ network, zones }: Region, n: number): readonly string[] => {
  const vpc = parseCidr(network.vpcCidr);
  if (vpc === undefined) throw new Error(`not a CIDR: ${network.vpcCidr}`);
  const masks = subnetMasks(network.vpcCidr, zones.length);
  const first = vpc.first + zones.length * 2 ** (32 - masks.private);
  const size = 2 ** (32 - masks.isolated);
  return zones.map((_, i) => text(first + (i + 1) * size - 1 - n));
};
