/** An answer that is not a success, and is nobody's bug: what is wrong, in a word for programs and in a sentence for people. */
export class Problem extends Error {
  override readonly name = 'Problem';

  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly retryAfterSeconds?: number,
    readonly details: Readonly<Record<string, unknown>> = {},
  ) {
    super(message);
  }
}

/** The service can't do this now; the same request may be sent again. */
export const unavailable = (code: string, message: string, retryAfterSeconds = 1): Problem => new Problem(503, code, message, retryAfterSeconds);
