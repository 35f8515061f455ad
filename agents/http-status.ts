/** The HTTP status that a request's error carries; undefined: there was no answer, or it is no error of a request. */
export const statusOf = (error: unknown): number | undefined =>
  error instanceof Error && 'status' in error && typeof error.status === 'number' ? error.status : undefined;
