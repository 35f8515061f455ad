/** The beginning and the ends of a run: in the audit, and to people. */
import type { FailoverPorts, Urgency } from '../failover-ports';
import type { FailoverSettings } from '../settings';
import { auditEntry, result, type FailoverRequest, type StepResult } from './run';

export type TellPorts = Pick<FailoverPorts, 'audit' | 'notify' | 'clock'>;
export type Occasion = 'begin' | 'done' | 'carried-out' | 'refused' | 'aborted' | 'page';

type Run = Readonly<Record<string, unknown>>;
const isPlain = (v: unknown): v is Run => typeof v === 'object' && v !== null && !Array.isArray(v);

/** The states in their order; what each of them said is under its name in the state. */
const STATES = [
  'precheck',
  'approval',
  'drain',
  'lease',
  'secured',
  'fence',
  'commit',
  'promote',
  'repoint',
  'verify',
  'switch',
  'settled',
  'standby',
  'aborted',
];

const saidBy = (run: Run): readonly (readonly [string, string])[] =>
  STATES.flatMap((state) => {
    const { [state]: said } = run;
    if (!isPlain(said)) return [];
    if (typeof said['because'] === 'string') return [[state, said['because']] as const];
    // Branches that ran side by side.
    return Object.entries(said).flatMap(([branch, inner]) =>
      isPlain(inner) && typeof inner['because'] === 'string' ? [[branch, inner['because']] as const] : [],
    );
  });

/** Step Functions puts the function's own words into a JSON text. */
export const errorIn = ({ error }: Run): string | undefined => {
  if (!isPlain(error)) return undefined;
  const { Error: name, Cause: cause } = error;
  try {
    const { errorMessage } = JSON.parse(String(cause)) as { readonly errorMessage?: unknown };
    return `${String(name)}: ${typeof errorMessage === 'string' ? errorMessage : String(cause)}`;
  } catch {
    return `${String(name)}: ${String(cause)}`;
  }
};

const URGENCY: Readonly<Record<Exclude<Occasion, 'begin'>, Urgency>> = {
  done: 'page',
  'carried-out': 'inform',
  refused: 'inform',
  aborted: 'page',
  page: 'page',
};

const headline = (occasion: Occasion, { direction, target, attempt }: FailoverRequest): string => {
  switch (occasion) {
    case 'begin':
      return `${direction} to ${target} begins (${attempt})`;
    case 'done':
      return `${direction} to ${target} is done (${attempt}): ${target} takes the writes`;
    case 'carried-out':
      return `${direction} to ${target} had nothing left to do (${attempt}): another attempt has carried it out`;
    case 'refused':
      return `${direction} to ${target} was refused (${attempt}): nothing was changed`;
    case 'aborted':
      return `${direction} to ${target} was given up (${attempt}): what had been done was undone`;
    case 'page':
      return `${direction} to ${target} needs somebody (${attempt}): it could not be ended by itself; give the same command again once the cause is gone`;
  }
};

/** @param run the state of the machine: what was asked, and what every state said */
export const tell = async (
  settings: FailoverSettings,
  ports: TellPorts,
  request: FailoverRequest,
  occasion: Occasion,
  run: Run,
): Promise<StepResult<'told'>> => {
  const steps = saidBy(run);
  const error = errorIn(run);
  const because = typeof run['because'] === 'string' ? run['because'] : 'no reason given';
  const detail = { because, steps: Object.fromEntries(steps), ...(error === undefined ? {} : { error }) };
  const text = [
    headline(occasion, request),
    `because: ${because}`,
    ...(error === undefined ? [] : [`error: ${error}`]),
    ...steps.map(([state, said]) => `${state}: ${said}`),
  ];
  const record = ports.audit.record(auditEntry(settings, request, ports.clock.now(), { step: occasion, what: text[0] ?? '', detail }));
  // A dry run changes nothing, and wakes nobody.
  const urgency = occasion === 'begin' || request.dryRun ? undefined : URGENCY[occasion];
  const told = urgency === undefined ? undefined : ports.notify.tell(urgency, `${request.attempt}-${occasion}`, text.join('\n'));
  const failures = (await Promise.allSettled([record, told])).flatMap((r) => (r.status === 'rejected' ? [r.reason as unknown] : []));
  // Both were tried: a table that is lost keeps nobody from being told.
  if (failures.length > 0) throw failures[0];
  return result('told', text[0] ?? '');
};
