import { isPrivate, overlap, parseCidr, type Cidr } from '../cidr';
import type { Environment } from '../types';
import { regionRule, rule, when, type Finding, type Rule } from './rule';

const PRIVATE_BLOCKS = '10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16';

const wellFormed = (path: string, text: string): readonly Finding[] => {
  const cidr = parseCidr(text);
  if (cidr?.canonical === text) return [];
  return [
    {
      path,
      given: JSON.stringify(text),
      allowed: 'an IPv4 CIDR in canonical form: its first address and its prefix',
      fix: cidr ? `write "${cidr.canonical}"` : 'for example "10.10.0.0/16"',
    },
  ];
};

export const cidrsAreCanonical: Rule = regionRule('cidrs-are-canonical', 'CIDRs are valid and written by their first address.', (region, at) => [
  ...wellFormed(at('network.vpcCidr'), region.network.vpcCidr),
  ...wellFormed(at('network.serviceCidr'), region.network.serviceCidr),
  ...region.cluster.apiAccessCidrs.flatMap((cidr, i) => wellFormed(at(`cluster.apiAccessCidrs[${i}]`), cidr)),
]);

const notPrivate = (path: string, text: string): readonly Finding[] => {
  const cidr = parseCidr(text);
  return when(cidr !== undefined && !isPrivate(cidr), () => ({
    path,
    given: JSON.stringify(text),
    allowed: `a block within ${PRIVATE_BLOCKS}`,
    fix: 'choose a private block (RFC 1918) that nothing else in the company’s network uses',
  }));
};

export const networksArePrivate: Rule = regionRule('networks-are-private', 'VPC and service addresses are private (RFC 1918).', (region, at) => [
  ...notPrivate(at('network.vpcCidr'), region.network.vpcCidr),
  ...notPrivate(at('network.serviceCidr'), region.network.serviceCidr),
]);

const wrongSize = (path: string, text: string, widest: number, narrowest: number): readonly Finding[] => {
  const cidr = parseCidr(text);
  return when(cidr !== undefined && (cidr.prefix < widest || cidr.prefix > narrowest), () => ({
    path,
    given: JSON.stringify(text),
    allowed: `/${widest} to /${narrowest}`,
    fix: `use a prefix between /${widest} and /${narrowest}`,
  }));
};

export const networkSizes: Rule = regionRule(
  'network-sizes',
  'A VPC is a /16 to /20 (AWS’ largest, and room for every pod’s address); the service range a /12 to /24 (EKS’ limits).',
  (region, at) => [
    ...wrongSize(at('network.vpcCidr'), region.network.vpcCidr, 16, 20),
    ...wrongSize(at('network.serviceCidr'), region.network.serviceCidr, 12, 24),
  ],
);

interface Block {
  readonly path: string;
  readonly text: string;
  readonly cidr: Cidr;
}
const blocks = (environment: Environment, key: 'vpcCidr' | 'serviceCidr'): readonly Block[] =>
  environment.regions.flatMap((region, i) => {
    const text = region.network[key];
    const cidr = parseCidr(text);
    return cidr ? [{ path: `regions[${i}].network.${key}`, text, cidr }] : [];
  });
const clash = (block: Block, other: Block, allowed: string): Finding => ({
  path: block.path,
  given: `"${block.text}", which overlaps ${other.path} "${other.text}"`,
  allowed,
  fix: 'choose a block of its own',
});

export const vpcsAreDisjoint: Rule = rule('vpcs-are-disjoint', 'The VPCs of an environment don’t overlap, so that they can be peered.', (environment) => {
  const vpcs = blocks(environment, 'vpcCidr');
  return vpcs.flatMap((vpc, i) => vpcs.slice(0, i).flatMap((other) => when(overlap(vpc.cidr, other.cidr), () => clash(vpc, other, 'disjoint VPC blocks'))));
});

export const servicesAreOutsideVpcs: Rule = rule(
  'services-are-outside-vpcs',
  'No region’s service addresses overlap any VPC of the environment: a peered address would never leave the node.',
  (environment) =>
    blocks(environment, 'serviceCidr').flatMap((services) =>
      blocks(environment, 'vpcCidr').flatMap((vpc) =>
        when(overlap(services.cidr, vpc.cidr), () => clash(services, vpc, 'a block outside every VPC of the environment')),
      ),
    ),
);

/** The values CloudWatch Logs takes (PutRetentionPolicy). */
const LOG_RETENTION_DAYS: readonly number[] = [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];

export const flowLogRetention: Rule = regionRule('flow-log-retention', 'Flow logs are kept for a time that CloudWatch Logs offers.', (region, at) =>
  when(!LOG_RETENTION_DAYS.includes(region.network.flowLogRetentionDays), () => ({
    path: at('network.flowLogRetentionDays'),
    given: String(region.network.flowLogRetentionDays),
    allowed: LOG_RETENTION_DAYS.join(', '),
    fix: `use ${LOG_RETENTION_DAYS.find((days) => days >= region.network.flowLogRetentionDays) ?? 3653}`,
  })),
);
