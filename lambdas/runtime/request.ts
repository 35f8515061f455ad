/** What a step is asked to do, checked: a state machine's input is written by people and programs. */
import { WORKFLOWS, type Direction } from '../../lib/failover/names';
import type { FailoverSettings } from '../../lib/failover/settings';
import type { AcceptedLoss, FailoverRequest } from '../../lib/failover/steps/run';

/** Everything that is wrong, at once. Never tried again. */
export class InvalidInput extends Error {
  override readonly name = 'InvalidInput';
}

export interface TaskEvent {
  readonly step: string;
  readonly request: FailoverRequest;
  /** What led to the run, in words. */
  readonly because: string;
  /** What the states before this one said. */
  readonly run: Readonly<Record<string, unknown>>;
}

type Plain = Readonly<Record<string, unknown>>;
const isPlain = (v: unknown): v is Plain => typeof v === 'object' && v !== null && !Array.isArray(v);
const isText = (v: unknown): v is string => typeof v === 'string' && v.trim().length > 0 && v.length <= 1000;
const isCount = (v: unknown): v is number => Number.isSafeInteger(v) && Number(v) >= 0;
const shown = (value: unknown): string => (value === undefined ? 'nothing' : JSON.stringify(value).slice(0, 80));

interface Field {
  readonly isRight: (value: unknown, settings: FailoverSettings) => boolean;
  readonly allowed: (settings: FailoverSettings) => string;
}

const isLoss = (v: unknown): v is AcceptedLoss => isPlain(v) && isText(v['reason']) && isText(v['by']);

/** The execution's input. `holdfast failover` and the decider write it. */
const FIELDS: Readonly<Record<string, Field>> = {
  direction: { isRight: (v) => (WORKFLOWS as readonly unknown[]).includes(v), allowed: () => WORKFLOWS.join(' or ') },
  target: { isRight: (v, { target }) => v === target, allowed: ({ target }) => `${target}, the region that this machine runs in` },
  fromEpoch: { isRight: (v) => isCount(v) && v > 0, allowed: () => "a whole number above 0: the lease's epoch as observed" },
  renewals: { isRight: isCount, allowed: () => "a whole number: the lease's renewals as observed" },
  person: { isRight: (v) => v === null || isText(v), allowed: () => 'who asks, or null for the decider' },
  because: { isRight: isText, allowed: () => 'what led to it, up to 1000 characters' },
  forceLoss: { isRight: (v) => v === null || isLoss(v), allowed: () => 'null, or {reason, by}' },
  dryRun: { isRight: (v) => typeof v === 'boolean', allowed: () => 'true or false' },
};

/** Each with what was given and what is allowed. */
export const flawsOf = (run: Plain, settings: FailoverSettings): readonly string[] => {
  const wrong = Object.entries(FIELDS)
    .filter(([name, field]) => !field.isRight(run[name], settings))
    .map(([name, field]) => `${name}: given ${shown(run[name])}; allowed: ${field.allowed(settings)}`);
  const { forceLoss, person } = run;
  if (isLoss(forceLoss) && person === null) wrong.push('forceLoss: given by the decider; allowed: by a person only');
  return wrong;
};

/** @throws InvalidInput with everything that is wrong */
export const parseTask = (event: unknown, settings: FailoverSettings): TaskEvent => {
  if (!isPlain(event) || !isPlain(event['run']))
    throw new InvalidInput(`given ${shown(event)}; allowed: what the state machine hands over {step, attempt, startedAt, run}`);
  const { step, attempt, startedAt, run } = event;
  const began = Date.parse(typeof startedAt === 'string' ? startedAt : '');
  const flaws = [
    ...(isText(step) ? [] : [`step: given ${shown(step)}; allowed: the name of a step`]),
    ...(isText(attempt) ? [] : [`attempt: given ${shown(attempt)}; allowed: the execution's name`]),
    ...(Number.isFinite(began) ? [] : [`startedAt: given ${shown(startedAt)}; allowed: a time (ISO 8601)`]),
    ...flawsOf(run, settings),
  ];
  if (flaws.length > 0) throw new InvalidInput(flaws.join('\n'));
  const input = run;
  const request: FailoverRequest = {
    direction: input['direction'] as Direction,
    target: String(input['target']),
    fromEpoch: Number(input['fromEpoch']),
    renewals: Number(input['renewals']),
    attempt: String(attempt),
    startedAt: began,
    person: input['person'] as string | null,
    forceLoss: input['forceLoss'] as AcceptedLoss | null,
    dryRun: input['dryRun'] === true,
  };
  return { step: String(step), request, because: String(input['because']), run: input };
};
