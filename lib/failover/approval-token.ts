/**
 * An approval that can't be forged by whoever can write it down: a request to STS (`GetCallerIdentity`), signed by the approver with his own credentials and never sent
 * by him. The function sends it, and STS says who signed it. What is agreed to is part of what was signed, in a header of its own, so that the signature is good for
 * this run only; AWS accepts it for a few minutes. Here is what both sides must write in the same way. Pure.
 */
import type { Approval, ApprovalRequest } from './approval';

export const STATEMENT_HEADER = 'x-holdfast-approval';
export const IDENTITY_BODY = 'Action=GetCallerIdentity&Version=2011-06-15';
export const IDENTITY_HEADERS: Readonly<Record<string, string>> = { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' };

/** Where approvals of an attempt are put down, in the lease's table; only who proves himself there counts. */
export const approvalsId = (attempt: string): string => `approval#${attempt}`;
/** What was found about them, by the function alone: approvers may not write there. */
export const judgedId = (attempt: string): string => `judged#${attempt}`;
/** What waits for agreement. */
export const ASKED_ID = 'asked';

type Agreed = Pick<ApprovalRequest, 'environment' | 'attempt' | 'epoch'>;

export const statementOf = ({ environment, attempt, epoch }: Agreed, verdict: Approval['verdict']): string =>
  `${verdict} ${environment} ${attempt} epoch ${epoch}`;

/** What the approver writes down. */
export interface SignedIdentity {
  readonly verdict: Approval['verdict'];
  readonly attempt: string;
  readonly epoch: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Who he says he is: for people. */
  readonly claims: string;
  readonly authorization: string;
  readonly date: string;
  /** Of temporary credentials. */
  readonly token: string | null;
}

type Plain = Readonly<Record<string, unknown>>;
const isPlain = (v: unknown): v is Plain => typeof v === 'object' && v !== null && !Array.isArray(v);
const isText = (v: unknown): v is string => typeof v === 'string' && v.length > 0 && v.length < 8192;
/** A line break would begin a header of its own. */
const isHeader = (v: unknown): v is string => isText(v) && /^[\x20-\x7e]+$/.test(v);

/** @returns undefined when it is nothing that an approver wrote with our program */
export const signedIdentityOf = (value: unknown): SignedIdentity | undefined => {
  if (!isPlain(value) || (value['verdict'] !== 'approve' && value['verdict'] !== 'reject')) return undefined;
  if (!isText(value['attempt']) || !Number.isSafeInteger(value['epoch']) || !Number.isFinite(value['at']) || !isText(value['claims'])) return undefined;
  if (!isHeader(value['authorization']) || !isHeader(value['date']) || (value['token'] !== null && !isHeader(value['token']))) return undefined;
  return value as unknown as SignedIdentity;
};

/** Without it the statement would be none of what was signed, and any signature of that person would do. */
export const signsStatement = (authorization: string): boolean =>
  (/SignedHeaders=([a-z0-9;-]+)/.exec(authorization)?.[1] ?? '').split(';').includes(STATEMENT_HEADER);

/** What STS says. */
export interface CallerIdentity {
  readonly account: string;
  readonly arn: string;
}

/** @returns undefined when it is no answer of STS */
export const callerIdentityOf = (xml: string): CallerIdentity | undefined => {
  const account = /<Account>(\d{12})<\/Account>/.exec(xml)?.[1];
  const arn = /<Arn>(arn:[^<\s]+)<\/Arn>/.exec(xml)?.[1];
  return account === undefined || arn === undefined ? undefined : { account, arn };
};

export type Person = { readonly kind: 'person'; readonly name: string } | { readonly kind: 'nobody'; readonly because: string };

/**
 * Whoever may assume a role gives his session the name he likes: two sessions of one role are one person here. The roles of IAM Identity Center are assumed through it
 * only, and it names the session after the user.
 */
export const personOf = ({ account, arn }: CallerIdentity, own: string): Person => {
  if (account !== own) return { kind: 'nobody', because: `${arn} belongs to account ${account}; allowed: ${own}` };
  const [, , , , , resource = ''] = arn.split(':');
  const [type = '', name = '', session = ''] = resource.split('/');
  if (type === 'user' && name !== '') return { kind: 'person', name: arn };
  if (type !== 'assumed-role') return { kind: 'nobody', because: `${arn} is no single person; allowed: an IAM user, or a role` };
  if (name.startsWith('AWSReservedSSO_') && session !== '') return { kind: 'person', name: arn };
  return { kind: 'person', name: arn.slice(0, arn.lastIndexOf('/')) };
};
