/** An answer that is not a success, and is nobody's bug: what is wrong, in a word for programs and in a sentence for people. */
export class Problem extends Error {
  override readonly name = 'Problem';

  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    private readonly more: ProblemDetails = {},
  ) {
    super(message);
  }

  get retryAfterSeconds(): number | undefined {
    return this.more.retryAfterSeconds;
  }

  get details(): Readonly<Record<string, unknown>> {
    return this.more.details ?? {};
  }

  get headers(): Readonly<Record<string, string>> {
    const { headers = {}, retryAfterSeconds } = this.more;
    return retryAfterSeconds === undefined ? headers : { ...headers, 'retry-after': String(retryAfterSeconds) };
  }
}

export interface ProblemDetails {
  /** When it may be worth while to ask again, in whole seconds. */
  readonly retryAfterSeconds?: number;
  /** For programs, in the answer's body. */
  readonly details?: Readonly<Record<string, unknown>>;
  /** For proxies. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** The service can't do this now; the same request may be sent again. */
export const unavailable = (code: string, message: string, retryAfterSeconds = 1): Problem => new Problem(503, code, message, { retryAfterSeconds });
