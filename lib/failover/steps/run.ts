/** What a workflow's run was asked to do, and what every step of it says. */
import type { AuditEntry, Clock, FailoverPorts } from '../failover-ports';
import { CarriedOut, Refused } from '../errors';
import { carriedOut, type LeaseRecord, type LeaseStep } from '../lease';
import { leaseExecution, type Direction } from '../names';
import type { FailoverSettings } from '../settings';

/** A loss that somebody has taken upon himself. */
export interface AcceptedLoss {
  readonly reason: string;
  /** The person. */
  readonly by: string;
}

/** The input of a workflow; what follows from it and from the lease is not kept anywhere else, so that every step can be repeated by anybody. */
export interface FailoverRequest {
  readonly direction: Direction;
  readonly target: string;
  /** The epoch that was observed, and is to be moved from. */
  readonly fromEpoch: number;
  /** The lease's renewals as observed: any later one proves that the holder lives. */
  readonly renewals: number;
  /** Name of this attempt (names.ts, attemptName). */
  readonly attempt: string;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  /** null: the decider. */
  readonly person: string | null;
  readonly forceLoss: AcceptedLoss | null;
  /** Ends after the checks. */
  readonly dryRun: boolean;
}

/** `kind` is what the workflow chooses its way by. */
export interface StepResult<Kind extends string = string> {
  readonly kind: Kind;
  readonly because: string;
  readonly details: Readonly<Record<string, unknown>>;
}
export const result = <Kind extends string>(kind: Kind, because: string, details: Readonly<Record<string, unknown>> = {}): StepResult<Kind> => ({
  kind,
  because,
  details,
});

/** The epoch that the run moves the lease to. */
export const epochOf = (request: Pick<FailoverRequest, 'fromEpoch'>): number => request.fromEpoch + 1;
/** What the lease is marked with: the same for every attempt at the same change, so that a later attempt takes up where an earlier one was interrupted. */
export const executionOf = (
  settings: Pick<FailoverSettings, 'environment'>,
  { fromEpoch, direction, target }: Pick<FailoverRequest, 'fromEpoch' | 'direction' | 'target'>,
): string => leaseExecution({ name: settings.environment }, fromEpoch, direction, target);

/**
 * Marks a step as done, which proves as well that the lease is still this run's.
 * @throws CarriedOut when another attempt has ended it; Refused when the lease is not this run's; NoAnswer
 */
export const marked = async (
  settings: FailoverSettings,
  { lease, clock }: Pick<FailoverPorts, 'lease' | 'clock'>,
  request: FailoverRequest,
  step: LeaseStep,
): Promise<LeaseRecord> => {
  const answer = await lease.mark({ epoch: epochOf(request), execution: executionOf(settings, request), step, now: clock.now() });
  if (answer.kind === 'refused') throw notGranted(settings, request, answer);
  return answer.record;
};

/** This attempt, and in whose name. */
export const byOf = ({ attempt, person }: Pick<FailoverRequest, 'attempt' | 'person'>): string => `${person ?? 'the decider'} (${attempt})`;

/** Why the store says no: because there is nothing left to do, or because this run is not the one that may. */
export const notGranted = (
  settings: Pick<FailoverSettings, 'environment'>,
  request: FailoverRequest,
  { record, because }: { readonly record: LeaseRecord | null; readonly because: string },
): CarriedOut | Refused => {
  const done = doneBefore(settings, request, record);
  return done === undefined ? new Refused(because) : new CarriedOut(done);
};

/** What another attempt at the same change has done, in words; undefined: it is not done. */
export const doneBefore = (settings: Pick<FailoverSettings, 'environment'>, request: FailoverRequest, record: LeaseRecord | null): string | undefined =>
  record === null ? undefined : carriedOut(record, epochOf(request), executionOf(settings, request));

/** From where this run moves the lease. @throws Refused when it does not move */
export const sourceOf = (record: LeaseRecord): string => {
  if (record.previous === null) throw new Refused(`the lease is not being moved: ${record.holder} holds it in epoch ${record.epoch}`);
  return record.previous.region;
};

export const auditEntry = (
  settings: FailoverSettings,
  request: FailoverRequest,
  at: number,
  entry: Pick<AuditEntry, 'step' | 'what'> & { readonly by?: string; readonly detail?: Readonly<Record<string, unknown>> },
): AuditEntry => ({
  at,
  environment: settings.environment,
  execution: request.attempt,
  step: entry.step,
  what: entry.what,
  by: entry.by ?? request.person ?? 'decider',
  detail: entry.detail ?? {},
});

/** The same, waited for no longer than so many milliseconds: a region that is lost must not hold up those who do without it. */
export const soon = <T>(clock: Clock, milliseconds: number, answer: Promise<T>): Promise<T | undefined> =>
  Promise.race([orSilence(answer), clock.sleep(milliseconds).then(() => undefined)]);

/** The answer, or undefined when there was none: for those whom nothing may depend on. */
export const orSilence = async <T>(answer: Promise<T>): Promise<T | undefined> => {
  try {
    return await answer;
  } catch {
    return undefined; // silence is what is asked about here: it is used as "not known", never as an answer
  }
};
