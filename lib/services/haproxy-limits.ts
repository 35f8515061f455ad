/** Who may ask how much: what the gateways count, and what they do about it. */
import { APPLICATION_NAMESPACE } from '../topology/derive';
import { GATEWAY_PEERS_PORT, type GatewayMember } from '../topology/gateway';
import type { Edge, Gateway } from '../topology/types';
import { answer, ms, type Section } from './haproxy-global';

/** What a response says to the gateway about a request whose signature did not verify; clients don't see it. */
export const INVALID_SIGNATURE_HEADER = 'x-invalid-signature';
/** In every answer that refuses: by which limit. */
export const LIMIT_HEADER = 'x-limit';
/** The list of refused addresses, in memory only: the keeper fills it. */
export const BLOCKLIST = 'virt@blocklist';
/** The file of limits that only exists in memory: the keeper sets `address` there in an emergency. */
export const LIMITS_MAP = 'virt@limits';
export const ADDRESS_LIMIT_KEY = 'address';

const PEERS = 'gateways';
const BLOCKED = `${PEERS}/blocked`;
/** Networks of IPv6 are given to one user each. */
const CLIENT = 'src,ipmask(32,64)';
const tableOf = (member: string): string => `${PEERS}/${member}`;

/** The environment variable with the address of one member: its Service for the others, and any of its own for itself. */
export const peerVariable = ({ name }: Pick<GatewayMember, 'name'>): string => `PEER_${name.replaceAll('-', '_').toUpperCase()}`;

/**
 * Each gateway counts in a table of its own, which the others get copies of: copies of one table that all of them wrote to would overwrite each other instead of adding up.
 * The table of blocked addresses is one: there is nothing to add.
 */
export const peers = (members: readonly GatewayMember[], { addresses }: Gateway, edge: Edge): Section => {
  const { limits, invalidSignatures } = edge;
  const counted = [`http_req_rate(${ms(limits.waf.window)})`, `gpc0_rate(${ms(invalidSignatures.window)})`].join(',');
  const expire = ms(2 * Math.max(limits.waf.window, invalidSignatures.window));
  return {
    heading: `peers ${PEERS}`,
    lines: [
      ...members.map((member) => `peer ${member.name} "\${${peerVariable(member)}}"`),
      ...members.map(({ name }) => `table ${name} type ipv6 size ${addresses} expire ${expire} store ${counted}`),
      `table blocked type ipv6 size ${addresses} expire ${ms(invalidSignatures.blockFor)} store gpt0`,
    ],
  };
};

/** Where each member is, from one of them. @returns environment variables */
export const peerEnvironment = (own: GatewayMember, members: readonly GatewayMember[]): Readonly<Record<string, string>> => ({
  GATEWAY_MEMBER: own.name,
  ...Object.fromEntries(
    members.map((member) => [
      peerVariable(member),
      member.name === own.name ? `0.0.0.0:${GATEWAY_PEERS_PORT}` : `${member.name}.${APPLICATION_NAMESPACE}.svc.cluster.local:${GATEWAY_PEERS_PORT}`,
    ]),
  ),
});

const summed = (variable: string, converter: string, members: readonly GatewayMember[]): readonly string[] =>
  members.map(({ name }, i) => `http-request set-var(txn.${variable}) ${CLIENT},${converter}(${tableOf(name)})${i === 0 ? '' : `,add(txn.${variable})`}`);

/** Requests of one address in any window of the cascade's second layer: what the gateway allows. */
export const addressLimit = ({ limits: { waf } }: Edge): number => Math.max(1, Math.floor(waf.requestsPerSecond * waf.window));
/** The same in an emergency. */
export const emergencyAddressLimit = (edge: Edge): number => Math.max(1, Math.floor(addressLimit(edge) / edge.emergency.divisor));

/** Counted first, also when it is refused: who goes on asking stays refused. The cheapest check is the first. */
export const limitRules = (members: readonly GatewayMember[], edge: Edge): readonly string[] => {
  const { limits, invalidSignatures } = edge;
  const { status, retryAfter } = limits.waf;
  const tooMany = answer(status, 'too many requests', { ...(retryAfter === null ? {} : { 'retry-after': String(retryAfter) }), [LIMIT_HEADER]: 'address' });
  const blocked = answer(403, 'blocked', { [LIMIT_HEADER]: 'blocklist' });
  const signatures = answer(403, 'too many invalid signatures', { 'retry-after': String(Math.ceil(invalidSignatures.blockFor)), [LIMIT_HEADER]: 'signatures' });
  return [
    `acl blocked src -f ${BLOCKLIST}`,
    `http-request set-log-level silent if blocked !sampled`,
    `http-request return ${blocked} if blocked`,
    `http-request track-sc0 ${CLIENT} table "${PEERS}/\${GATEWAY_MEMBER}"`,
    `acl forger ${CLIENT},table_gpt0(${BLOCKED}) -m int gt 0`,
    `http-request set-log-level silent if forger !sampled`,
    `http-request return ${signatures} if forger`,
    ...summed('invalid', 'table_gpc0_rate', members),
    `acl forging var(txn.invalid) -m int ge ${invalidSignatures.perAddress}`,
    `http-request track-sc1 ${CLIENT} table ${BLOCKED} if forging`,
    'http-request sc-set-gpt0(1) 1 if forging',
    `http-request return ${signatures} if forging`,
    ...summed('rate', 'table_http_req_rate', members),
    `http-request set-var(txn.allowed) str(${ADDRESS_LIMIT_KEY}),map_str_int(${LIMITS_MAP},${addressLimit(edge)})`,
    'http-request set-var(txn.over) var(txn.rate),sub(txn.allowed)',
    'acl over var(txn.over) -m int gt 0',
    'http-request set-log-level silent if over !sampled',
    `http-request return ${tooMany} if over`,
  ];
};

/** Counted when the backend says so. */
export const signatureRules = (): readonly string[] => [
  `http-response sc-inc-gpc0(0) if { res.hdr(${INVALID_SIGNATURE_HEADER}) -m found }`,
  `http-response del-header ${INVALID_SIGNATURE_HEADER}`,
];
