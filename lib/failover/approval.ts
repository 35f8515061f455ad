/** Whether people have agreed. Pure: who somebody is was verified before (by whoever reads the approvals), and what was not verified counts for nothing. */

export interface ApprovalRequest {
  readonly environment: string;
  /** The attempt that asks: an approval of another one is stale. */
  readonly attempt: string;
  /** The epoch that the lease is moved from. */
  readonly epoch: number;
  /** What people agree to, for them to read. */
  readonly text: string;
}

export interface Approval {
  /** The person, as proven; what is not proven is what somebody wrote. */
  readonly person: string;
  readonly verdict: 'approve' | 'reject';
  readonly attempt: string;
  readonly epoch: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** The identity was proven by somebody who can't be made to lie by whoever wrote this. */
  readonly verified: boolean;
}

/** So many different people. */
export const PEOPLE = 2;

export type ApprovalVerdict =
  | { readonly kind: 'granted'; readonly people: readonly string[] }
  | { readonly kind: 'waiting'; readonly people: readonly string[]; readonly missing: number }
  | { readonly kind: 'rejected'; readonly by: string };

export interface JudgedApprovals {
  readonly verdict: ApprovalVerdict;
  /** Those that count for nothing, each with its reason, for the record. */
  readonly refused: readonly { readonly approval: Approval; readonly because: string }[];
}

const flaw = (approval: Approval, { attempt, epoch }: Pick<ApprovalRequest, 'attempt' | 'epoch'>): string | undefined => {
  if (!approval.verified) return 'forged: who it is from is not proven';
  if (approval.attempt !== attempt) return `stale: it is for ${approval.attempt}, this is ${attempt}`;
  if (approval.epoch !== epoch) return `stale: it is for epoch ${approval.epoch}, this is epoch ${epoch}`;
  return undefined;
};

export const judgeApprovals = (request: Pick<ApprovalRequest, 'attempt' | 'epoch'>, approvals: readonly Approval[]): JudgedApprovals => {
  const people = new Set<string>();
  const refused: { approval: Approval; because: string }[] = [];
  let rejectedBy: string | undefined;
  for (const approval of approvals) {
    const because =
      flaw(approval, request) ?? (approval.verdict === 'approve' && people.has(approval.person) ? 'a duplicate: one person counts once' : undefined);
    if (because !== undefined) refused.push({ approval, because });
    else if (approval.verdict === 'reject') rejectedBy ??= approval.person;
    else people.add(approval.person);
  }
  const named = [...people].sort();
  if (rejectedBy !== undefined) return { verdict: { kind: 'rejected', by: rejectedBy }, refused };
  if (named.length >= PEOPLE) return { verdict: { kind: 'granted', people: named }, refused };
  return { verdict: { kind: 'waiting', people: named, missing: PEOPLE - named.length }, refused };
};
