import { firstMark, lastMark, type History } from './events';

/** The part of a history that is judged, seconds of the history's clock: from the fault to the moment the meters were asked to stop. */
export interface Window {
  readonly from: number;
  readonly to: number;
}

/** A client that nobody can serve during this fault, because it sits on the node that is killed or cut off. Its acknowledged rows count all the same. */
export interface ExcludedClient {
  readonly client: string;
  readonly because: string;
}

/** How long a probe may be silent, seconds, before the run can't be judged. A probe that waits for an answer is not silent. */
export interface SamplingLimits {
  /** Between the end of one write of a client and the start of its next one (planned: 0.02). */
  readonly write: number;
  readonly read: number;
  /** Between two local commits on one node (planned: <= 0.05). */
  readonly localCommit: number;
  /** Limit of the median of the same: what the promise "sampled <= 50 ms" is checked against. */
  readonly localCommitMedian: number;
  readonly leader: number;
  readonly role: number;
}
export const SAMPLING_LIMITS: SamplingLimits = { write: 0.5, read: 5, localCommit: 0.5, localCommitMedian: 0.05, leader: 1.5, role: 3 };

/** A silence that the fault itself explains, for example of the probe inside a node that is stopped: it can't commit then. */
export interface ExpectedSilence {
  /** `write:<client>`, `local-commit:<node>`. */
  readonly probe: string;
  readonly from: number;
  readonly to: number;
  readonly because: string;
}

/** What a drill expects of a run: everything the checkers need besides the history. */
export interface Expectation {
  /** Every client that writes, the excluded ones too. */
  readonly clients: readonly string[];
  readonly excluded: readonly ExcludedClient[];
  /** Every PostgreSQL member. */
  readonly members: readonly string[];
  /** How often the leader has to change (`min`) and may change (`max`). */
  readonly leaderChanges: { readonly min: number; readonly max: number };
  /** Planned work: no client may see an error that one retry does not cure. */
  readonly planned: boolean;
  readonly objective: { readonly rtoSeconds: number; readonly rpoSeconds: number };
  readonly budgetUpperSeconds: number;
  /** All members stream on one timeline again within so many seconds of the fault's end. */
  readonly healthyDeadlineSeconds: number;
  readonly sampling?: Partial<SamplingLimits>;
  readonly expectedSilences?: readonly ExpectedSilence[];
}

/** The judged window, or the reason why there is none. */
export const windowOf = (history: History): Window | string => {
  const from = firstMark(history, 'faultAt');
  const to = lastMark(history, 'end');
  if (from === null) return 'no mark "faultAt": the fault was never injected';
  if (to === null) return 'no mark "end": the meters did not live to the end of the run';
  return to > from ? { from, to } : `the end (${to}) is not after the fault (${from})`;
};

export const servedClients = (expectation: Expectation): readonly string[] =>
  expectation.clients.filter((client) => !expectation.excluded.some((e) => e.client === client));
