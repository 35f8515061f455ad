/** Which errors of a statement go away by themselves, so that it may be sent again when its effect can't come twice. */

/** SQLSTATEs; those with two letters or digits stand for their class. */
const TRANSIENT_STATES = [
  '08', // connection exceptions; PgBouncer's own errors are 08P01
  '25006', // read-only: this server was the primary a moment ago
  '40001', // serialization failure
  '40P01', // deadlock
  '53', // too many connections, out of memory
  '57P01', // the server is being stopped
  '57P02',
  '57P03', // the server is starting
  '58', // the server's own system errors
  '42P01', // no such table: the schema has not been made yet
];
const TRANSIENT_SYSTEM_ERRORS = ['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'EAI_AGAIN', 'ENOTFOUND'];
/** pg gives these no code. */
const TRANSIENT_MESSAGES = [/connection terminated/i, /timeout/i, /connection ended/i, /not queryable/i, /connection error/i];

export const codeOf = (error: unknown): string | undefined => {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : undefined;
};

export const isTransient = (error: unknown): boolean => {
  const code = codeOf(error);
  if (code === undefined) return error instanceof Error && TRANSIENT_MESSAGES.some((pattern) => pattern.test(error.message));
  return TRANSIENT_SYSTEM_ERRORS.includes(code) || TRANSIENT_STATES.some((state) => code.startsWith(state));
};
