/** Names of what belongs to the edge, derived from the model, so that commands and other stacks find it without asking. */
import type { Dns, Edge, Environment } from './types';

type Named = Pick<Environment, 'name'>;

/** Where CloudFront, its certificates and its web ACL are kept. What clients meet is in every edge location, and goes on without this region. */
export const EDGE_REGION = 'us-east-1';

/** IP sets: those of the model's blocklist, and those that `holdfast block address` changes and no deployment touches. */
export const IP_SETS = ['blocklist', 'blocked'] as const;
export type IpSet = (typeof IP_SETS)[number];
export type Family = 4 | 6;
export const ipSetName = (environment: Named, set: IpSet, family: Family): string => `holdfast-${environment.name}-${set}-v${family}`;
export const edgeAclName = (environment: Named): string => `holdfast-${environment.name}-edge`;
export const regionalAclName = (environment: Named): string => `holdfast-${environment.name}-entrance`;
/** AWS delivers only to log groups whose names begin like this. */
export const aclLogGroupName = (environment: Named, acl: 'edge' | 'entrance'): string => `aws-waf-logs-holdfast-${environment.name}-${acl}`;

/** The secret by which load balancers know CloudFront, in every region under one name. @param number `edge.originSecret`, or the one before */
export const originSecretName = (environment: Named, number: number): string => `holdfast/${environment.name}/edge/${number}`;
/** Carries that secret. */
export const ORIGIN_HEADER = 'x-holdfast-edge';
/** Carries the client's address; CloudFront overwrites what a client may have sent. */
export const CLIENT_HEADER = 'x-client-address';
/** Carries the user's id. */
export const USER_HEADER = 'x-user';

/** The port of the door for known clients. */
export const KNOWN_CLIENTS_PORT = 8443;

export const edgeHosts = ({ names }: Pick<Edge, 'names'>, dns: Dns): { readonly application: string; readonly writer: string } => ({
  application: `${names.application}.${dns.zoneName}`,
  writer: `${names.writer}.${dns.zoneName}`,
});

/** How long CloudFront holds on to a region. Kept-alive connections to one that is left end with the last answer on them, or after `keepAlive`. Seconds. */
export const EDGE_ORIGIN = { connectionAttempts: 2, connectionTimeout: 3, keepAlive: 5, answerTimeout: 20 } as const;
