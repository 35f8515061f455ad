/** Two different people have to agree, to this attempt and this epoch, in time. */
import { judgeApprovals, type ApprovalRequest } from '../approval';
import { CarriedOut, Refused } from '../errors';
import type { FailoverPorts } from '../failover-ports';
import type { FailoverSettings } from '../settings';
import { auditEntry, doneBefore, orSilence, result, type FailoverRequest, type StepResult } from './run';

export type ApprovePorts = Pick<FailoverPorts, 'approvals' | 'audit' | 'clock' | 'lease'>;

export const approve = async (settings: FailoverSettings, ports: ApprovePorts, request: FailoverRequest): Promise<StepResult<'granted' | 'waiting'>> => {
  const question: ApprovalRequest = {
    environment: settings.environment,
    attempt: request.attempt,
    epoch: request.fromEpoch,
    text: `${request.direction} to ${request.target} from epoch ${request.fromEpoch}${request.forceLoss === null ? '' : `, losing data: ${request.forceLoss.reason}`}`,
  };
  // Another attempt may have been agreed to meanwhile; a store that is silent keeps nobody from agreeing.
  const done = doneBefore(settings, request, (await orSilence(ports.lease.read())) ?? null);
  if (done !== undefined) throw new CarriedOut(done);
  await ports.approvals.ask(question);
  const { verdict, refused } = judgeApprovals(question, await ports.approvals.read(question));
  const record = (what: string, detail: Readonly<Record<string, unknown>>, by?: string): Promise<void> =>
    ports.audit.record(auditEntry(settings, request, ports.clock.now(), { step: 'approve', what, detail, ...(by === undefined ? {} : { by }) }));
  for (const { approval, because } of refused) await record(`an approval was refused: ${because}`, { approval }, approval.person);
  if (verdict.kind === 'rejected') throw new Refused(`${verdict.by} has rejected it`);
  if (verdict.kind === 'granted') {
    await record('agreed', { people: verdict.people });
    return result('granted', `${verdict.people.join(' and ')} agree`, { people: verdict.people });
  }
  if (ports.clock.now() - request.startedAt > settings.approvalTimeout * 1000) {
    throw new Refused(`${verdict.missing} of the approvals did not come within ${settings.approvalTimeout} s; it is given up`);
  }
  return result('waiting', `${verdict.missing} of the approvals are missing`, { people: verdict.people });
};
