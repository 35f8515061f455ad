/** Names of what belongs to the failover of an environment, derived from the model, so that nothing has to be looked up when a region is lost. Pure. */
import { regionCode } from '../topology/derive';
import type { Dns, Environment, Region } from '../topology/types';

type Named = Pick<Environment, 'name'>;

export const leaseTableName = (environment: Named): string => `holdfast-${environment.name}-lease`;
/** Globally unique by the account id. */
export const switchBucketName = (environment: Named, region: string, account: string): string => `holdfast-${environment.name}-switch-${region}-${account}`;
export const switchObjectKey = (environment: Named): string => `switch/${environment.name}`;
/** The role of the function that writes the switch objects, in the region that it runs in. The buckets refuse everybody else's writes. */
export const switchWriterRoleName = (environment: Named, region: string): string => `holdfast-${environment.name}-switch-${region}`;
/** The policy that people get who may agree to a failover. */
export const approverPolicyName = (environment: Named): string => `holdfast-${environment.name}-approver`;
/** The secret with the certificate by which the doors of the regions know the failover, in each region's Secrets Manager: JSON {certificate, key, ca}. */
export const doorSecretName = (environment: Named): string => `holdfast-${environment.name}-failover-client`;
/** Where people are told, in the region that tells them. */
export const topicName = (environment: Named): string => `holdfast-${environment.name}-failover`;
/** What a health check looks for in a switch object. */
export const switchMark = (region: string): string => `active=${region}`;

export const WORKFLOWS = ['failover', 'failback'] as const;
export type Direction = (typeof WORKFLOWS)[number];
export const stateMachineName = (environment: Named, direction: Direction): string => `holdfast-${environment.name}-${direction}`;
export const FAILOVER_HANDLERS = [
  'decider',
  'precheck',
  'approve',
  'lease',
  'fence',
  'promote',
  'repoint',
  'verify',
  'switch',
  'notify',
  'abort',
  'drain',
  'await-standby',
  'record',
] as const;
export type FailoverHandler = (typeof FAILOVER_HANDLERS)[number];
export const functionName = (environment: Named, handler: FailoverHandler): string => `holdfast-${environment.name}-${handler}`;

/**
 * What a change is called. The same for every attempt at it. A failback has a name of its own: it promises to lose nothing, and must not go on from a fence that does not.
 * @param fromEpoch the epoch that the lease is moved from
 */
export const executionId = (environment: Named, fromEpoch: number, direction: Direction): string =>
  direction === 'failover' ? `${environment.name}-${fromEpoch}` : `${environment.name}-${fromEpoch}-failback`;
/**
 * Who moves the lease, as the lease says it. With the target: of two people who take two different regions at the same time, one has the lease, and the other's steps
 * must not pass for his.
 */
export const leaseExecution = (environment: Named, fromEpoch: number, direction: Direction, target: string): string =>
  `${executionId(environment, fromEpoch, direction)}@${target}`;
/** Name of the state machine's execution. A name can't be used again for 90 days, so that every further attempt has its number. @param attempt from 1 */
export const attemptName = (execution: string, attempt: number): string => (attempt <= 1 ? execution : `${execution}-${attempt}`);

/** The key pair of the authority that all regions of an environment have in common, in each region's Secrets Manager. */
export const authoritySecretName = (environment: Named): string => `holdfast-${environment.name}-authority`;

export const applicationHost = (dns: Dns): string => `${dns.applicationName}.${dns.zoneName}`;
export const writerHost = (dns: Dns): string => `${dns.writerName}.${dns.zoneName}`;
/** One region's public entrance, whichever region clients are sent to: for probes. */
export const regionHost = (dns: Dns, region: Pick<Region, 'name'>): string => `${regionCode(region.name)}.${dns.applicationName}.${dns.zoneName}`;
export const HEALTH_PATH = '/health/ready';
