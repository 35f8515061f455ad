/** How a run has ended, for whoever followed it: in a word for programs, in a sentence for people, and in an exit code. */
import { errorIn } from '../../lib/failover/steps/tell';
import { EXIT, ExpectedError } from '../exit';
import { notice, printJson } from '../terminal';
import type { Outcome } from './runs';
import type { World } from './world';

/** What it means that a run ended in this state. */
const VERDICTS = {
  Done: 'done',
  Planned: 'planned',
  CarriedOut: 'already-carried-out',
  Refused: 'refused',
  Aborted: 'given-up',
  NeedsHuman: 'needs-human',
} as const;
/** `failed`: it was stopped, or ran out of time. */
export type Verdict = (typeof VERDICTS)[keyof typeof VERDICTS] | 'failed';
export const verdictOf = (states: readonly string[]): Verdict => VERDICTS[states.at(-1) as keyof typeof VERDICTS] ?? 'failed';

/** Who has carried it out, in which epoch, and where the lease is since, as the step said that found it. */
export const doneByAnother = (output: Outcome['output']): string => {
  const { aborted } = output as { readonly aborted?: { readonly because?: unknown } };
  return typeof aborted?.because === 'string' ? aborted.because : (errorIn(output) ?? 'another attempt has carried it out').replace(/^CarriedOut: /, '');
};

const said = (output: Outcome['output'], state: string): string | undefined => {
  const { [state]: value } = output;
  return typeof value === 'object' && value !== null && 'because' in value ? String(value.because) : undefined;
};

/** Done is done, whoever did it; unless the writes have been moved on since. */
const carriedOut = async (world: Pick<World, 'lease'>, target: string, because: string): Promise<number> => {
  const holder = (await world.lease.read())?.holder;
  if (holder !== target) throw new ExpectedError(`${because}; ${target} does not have the lease any more: holdfast status`, EXIT.failed);
  notice(because);
  return EXIT.ok;
};

/** @returns the exit code. @throws ExpectedError unless what was wanted is so */
export const ended = async (world: Pick<World, 'lease'>, target: string, attempt: string, outcome: Outcome, json: boolean): Promise<number> => {
  const { status, output, error, states } = outcome;
  const verdict = verdictOf(states);
  if (json) printJson({ attempt, status, verdict, states, output, ...(error === undefined ? {} : { error }) });
  if (verdict === 'already-carried-out') return carriedOut(world, target, doneByAnother(output));
  const because = said(output, 'precheck') ?? '';
  if (status === 'SUCCEEDED') {
    notice(verdict === 'planned' ? `plan: it could begin now: ${because}` : `done: ${said(output, 'settled') ?? because}`);
    return EXIT.ok;
  }
  throw new ExpectedError(
    `${attempt} ended as ${status}${error === undefined ? '' : ` (${error})`}; why is in its record: docs/failover.md#a-run-that-ended-badly`,
    EXIT.failed,
  );
};
