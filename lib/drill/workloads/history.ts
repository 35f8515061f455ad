/** What the HTTP meters write, one JSON object per attempt and line, and what is known besides. Pure. */

/**
 * What a client does, each in a loop of its own:
 * - `read`: looks at an order of its own, over a kept connection; `fresh`: the same, over a new connection each time.
 * - `order`: places an order under an idempotency key that its retries repeat.
 * - `session`: opens a session and looks at it, in turn.
 * - `event`: hands in an event with an id of its own.
 */
export const HTTP_STREAMS = ['read', 'fresh', 'order', 'session', 'event'] as const;
export type HttpStream = (typeof HTTP_STREAMS)[number];

/** `ok`: answered as asked. `refused`: an answer, but not that. `error`: no answer. */
export const HTTP_OUTCOMES = ['ok', 'refused', 'error'] as const;
export type HttpOutcome = (typeof HTTP_OUTCOMES)[number];

/** One attempt of one request. */
export interface HttpAttempt {
  readonly kind: 'http';
  /** Seconds since the epoch: when the answer had been read, or the attempt was given up. */
  readonly t: number;
  readonly start: number;
  readonly client: string;
  readonly stream: HttpStream;
  /** Number of the request within its stream, from 1. */
  readonly id: number;
  /** Number of the attempt within the request, from 1. */
  readonly attempt: number;
  /** The client makes no further attempt of this request. */
  readonly final: boolean;
  readonly outcome: HttpOutcome;
  readonly status: number | null;
  /** Which release answered, as its header says. */
  readonly release: string | null;
  /** Which pod answered, as its header says. */
  readonly pod: string | null;
  /** Address of the gateway that was asked. */
  readonly gateway: string;
  /** Of an order or event: what it is found by afterwards. */
  readonly key?: string;
  readonly error?: string;
}

/** How often each key is there in the end: of a unit of work that was done exactly once, one time. */
export type Stored = ReadonlyMap<string, number>;

/** Everything about one run that is judged. */
export interface WorkloadHistory {
  readonly attempts: readonly HttpAttempt[];
  readonly clients: readonly string[];
  /** Clients beside what the fault strikes, with the reason: they can't be served, but what they were told counts. */
  readonly excluded: Readonly<Record<string, string>>;
  readonly faultAt: number;
  /** When the fault was undone, or the change that was drilled was over. */
  readonly healedAt: number;
  readonly endAt: number;
  /** When all was as before; null: not within the drill. */
  readonly healthyAt: number | null;
  /** What is there in the end; null: could not be read. */
  readonly orders: Stored | null;
  readonly events: Stored | null;
  /** Meters that ended early. */
  readonly dead: readonly string[];
}

/** One stream of one client. */
export const streamOf = ({ client, stream }: Pick<HttpAttempt, 'client' | 'stream'>): string => `${client}/${stream}`;
