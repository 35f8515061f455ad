/** The approvals of a run: read from the lease's table, each proven once by STS, and then remembered where approvers may not write. */
import type { Approval, ApprovalRequest } from '../../lib/failover/approval';
import {
  approvalsId,
  ASKED_ID,
  callerIdentityOf,
  IDENTITY_BODY,
  IDENTITY_HEADERS,
  judgedId,
  personOf,
  signedIdentityOf,
  signsStatement,
  STATEMENT_HEADER,
  statementOf,
  type SignedIdentity,
} from '../../lib/failover/approval-token';
import type { ApprovalPort, NotifyPort } from '../../lib/failover/failover-ports';
import { exchange, type HttpAnswer } from './https';
import type { Item, Items } from './items';

const TIMEOUT = 3000;

export type SendToSts = (headers: Readonly<Record<string, string>>, body: string) => Promise<HttpAnswer>;

/** The address is ours, never the approver's: an identity is what AWS says, not what somebody's server says. */
export const sendToSts =
  (endpoint: string): SendToSts =>
  (headers, body) =>
    exchange(`${endpoint}/`, { method: 'POST', headers: { ...headers, 'content-length': Buffer.byteLength(body) }, agent: false }, { total: TIMEOUT }, body);

export interface ApprovalParts {
  readonly account: string;
  readonly items: Pick<Items, 'all' | 'add'>;
  readonly notify: NotifyPort;
  readonly send: SendToSts;
}

const unproven = (request: ApprovalRequest, person: string): Approval => ({
  person,
  verdict: 'approve',
  attempt: request.attempt,
  epoch: request.epoch,
  at: Date.now(),
  verified: false,
});

/** @returns undefined while STS does not answer: looked at again next time */
const prove = async ({ account, send }: ApprovalParts, request: ApprovalRequest, signed: SignedIdentity): Promise<Approval | undefined> => {
  const { verdict, attempt, epoch, at } = signed;
  const said = { verdict, attempt, epoch, at };
  if (!signsStatement(signed.authorization)) return { ...said, person: `${signed.claims}, who has signed something else`, verified: false };
  const headers = {
    ...IDENTITY_HEADERS,
    authorization: signed.authorization,
    'x-amz-date': signed.date,
    [STATEMENT_HEADER]: statementOf({ environment: request.environment, attempt, epoch }, verdict),
    ...(signed.token === null ? {} : { 'x-amz-security-token': signed.token }),
  };
  const answer = await send(headers, IDENTITY_BODY).catch(() => undefined);
  if (answer === undefined || answer.status >= 500 || answer.status === 429) return undefined;
  const identity = answer.status === 200 ? callerIdentityOf(answer.body) : undefined;
  if (identity === undefined) return { ...said, person: `${signed.claims}, which AWS does not confirm (status ${answer.status})`, verified: false };
  const person = personOf(identity, account);
  return person.kind === 'person' ? { ...said, person: person.name, verified: true } : { ...said, person: person.because, verified: false };
};

const isApproval = (value: unknown): value is Approval => typeof value === 'object' && value !== null && 'person' in value && 'verified' in value;

const judge = async (parts: ApprovalParts, request: ApprovalRequest, { part, value }: Item): Promise<Approval | undefined> => {
  const signed = signedIdentityOf(value);
  const approval = signed === undefined ? unproven(request, 'something that nobody has signed') : await prove(parts, request, signed);
  if (approval !== undefined) await parts.items.add({ id: judgedId(request.attempt), part, value: approval });
  return approval;
};

export const approvalsBy = (parts: ApprovalParts): ApprovalPort => ({
  ask: async (request) => {
    const { attempt, epoch, text, environment } = request;
    const isNew = await parts.items.add({ id: ASKED_ID, part: attempt, value: { environment, attempt, epoch, text, at: Date.now() } });
    const how = `Two people have to agree: holdfast failover approve ${environment} ${attempt}; to refuse: holdfast failover approve ${environment} ${attempt} --reject`;
    // Also when the question was there already: whoever wrote it may have died before anybody was told. What was told is not told twice.
    await parts.notify.tell('page', `${attempt}-approval`, `${text}. ${how}${isNew ? '' : ' (asked again)'}`);
  },
  read: async (request) => {
    const [given, judged] = await Promise.all([parts.items.all(approvalsId(request.attempt)), parts.items.all(judgedId(request.attempt))]);
    const known = new Map(judged.map(({ part, value }) => [part, value]));
    const approvals = await Promise.all(given.map((item) => (known.has(item.part) ? known.get(item.part) : judge(parts, request, item))));
    // What was found wrong is reported once, when it is found.
    const fresh = (item: Item): boolean => !known.has(item.part);
    return given.flatMap((item, i) => {
      const approval = approvals[i];
      return isApproval(approval) && (approval.verified || fresh(item)) ? [approval] : [];
    });
  },
});
