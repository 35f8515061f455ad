/**
 * The web ACLs as data: what their rules are, in which order, and what they cost in capacity units (WCU).
 * Costs: https://docs.aws.amazon.com/waf/latest/developerguide/aws-waf-capacity-units.html
 */
import { userBackstop, WAF } from './edge-limits';
import type { Edge, Limit } from './types-edge';

/** A reference to one IP set. */
const IP_SET = 1;
/** The model's blocklist and what `holdfast block` adds, each for both families. */
const BLOCKLIST = 4 * IP_SET;
/** A header that is equal to a text, without a transformation. */
const STRING_MATCH = 2;
/** The size of a header. */
const SIZE_MATCH = 1;
const RATE = 2;
const CUSTOM_KEY = 30;

/** AWS's groups, in the order in which they are asked. */
export const MANAGED_GROUPS = [
  { group: 'AWSManagedRulesAntiDDoSRuleSet', name: 'anti-ddos', capacity: 50 },
  { group: 'AWSManagedRulesAmazonIpReputationList', name: 'ip-reputation', capacity: 25 },
  { group: 'AWSManagedRulesAnonymousIpList', name: 'anonymous-ip', capacity: 50 },
  { group: 'AWSManagedRulesKnownBadInputsRuleSet', name: 'known-bad-inputs', capacity: 200 },
  { group: 'AWSManagedRulesCommonRuleSet', name: 'common', capacity: 700 },
  { group: 'AWSManagedRulesSQLiRuleSet', name: 'sql-injection', capacity: 200 },
] as const;
export type ManagedGroup = (typeof MANAGED_GROUPS)[number]['group'];

/**
 * Whose requests a rate rule counts, and by what:
 * - `source`: all, by the address that they come from;
 * - `client`: those that CloudFront passed on, by the client's address in the header that only CloudFront can set;
 * - `others`: all that `client` does not count, by the address that they come from. Without this rule they would not be counted at all: a request without the key is not.
 * - `user`: those that name a user, by user and client address, so that nobody is locked out by others who use his name.
 */
export type Counted = 'source' | 'client' | 'others' | 'user';

interface Ranked {
  /** In the ACL, in metrics and in logs. */
  readonly name: string;
  /** Capacity units. */
  readonly capacity: number;
}
export type AclRule =
  | (Ranked & { readonly kind: 'blocklist'; readonly counted: 'source' | 'client' })
  | (Ranked & { readonly kind: 'rate'; readonly counted: Counted; readonly limit: Limit })
  | (Ranked & { readonly kind: 'managed'; readonly group: ManagedGroup; readonly blocks: boolean });

/** Secrets by which the regions know CloudFront: the present one and the one before. */
export const acceptedSecrets = ({ originSecret }: Pick<Edge, 'originSecret'>): readonly number[] =>
  originSecret > 1 ? [originSecret, originSecret - 1] : [originSecret];

const rate = (name: string, counted: Counted, limit: Limit, keys: number, scope: number): AclRule => ({
  kind: 'rate',
  name,
  counted,
  limit,
  capacity: RATE + CUSTOM_KEY * keys + scope,
});

/** CloudFront's web ACL. Who is blocked or floods costs nothing further: those rules come first. */
export const edgeAcl = (edge: Edge): readonly AclRule[] => [
  { kind: 'blocklist', name: 'blocklist', counted: 'source', capacity: BLOCKLIST },
  rate('rate-per-address', 'source', edge.limits.edge, 0, 0),
  ...MANAGED_GROUPS.map(({ group, name, capacity }): AclRule => ({ kind: 'managed', name, group, capacity, blocks: edge.managedRules === 'block' })),
];

/** The web ACL of each region's load balancer: for what CloudFront passes on, and for what comes by another way. */
export const regionalAcl = (edge: Edge): readonly AclRule[] => {
  const fromEdge = STRING_MATCH * acceptedSecrets(edge).length;
  const client = fromEdge + SIZE_MATCH;
  return [
    { kind: 'blocklist', name: 'blocklist', counted: 'source', capacity: BLOCKLIST },
    { kind: 'blocklist', name: 'blocklist-clients', counted: 'client', capacity: BLOCKLIST + client },
    rate('rate-per-client', 'client', edge.limits.waf, 0, client),
    rate('rate-per-source', 'others', edge.limits.waf, 0, client),
    rate('rate-per-user', 'user', userBackstop(edge), 2, client),
  ];
};

export const capacityOf = (rules: readonly AclRule[]): number => rules.reduce((sum, { capacity }) => sum + capacity, 0);
export const rateRulesOf = (rules: readonly AclRule[]): number => rules.filter(({ kind }) => kind === 'rate').length;

/** What of an ACL AWS would refuse, each with what is allowed; empty: nothing. */
export const aclProblems = (rules: readonly AclRule[]): readonly string[] => [
  ...(capacityOf(rules) > WAF.capacity ? [`${capacityOf(rules)} capacity units; allowed: ${WAF.capacity}; leave rules out`] : []),
  ...(rateRulesOf(rules) > WAF.rateRules ? [`${rateRulesOf(rules)} rate rules; allowed: ${WAF.rateRules}; leave some out`] : []),
  ...rules.filter((rule, i) => rules.findIndex(({ name }) => name === rule.name) < i).map(({ name }) => `two rules named "${name}"; rename one`),
];
