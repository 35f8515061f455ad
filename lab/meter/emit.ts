/** Events as JSON lines on standard output: the drill's runner keeps them in a file per process. */
export const emit = (event: Readonly<Record<string, unknown>>): void => {
  process.stdout.write(`${JSON.stringify(event)}\n`);
};

/** Configuration of a meter process: one JSON argument. @throws Error when it is missing */
export const configuration = (): unknown => {
  const text = process.argv[2];
  if (text === undefined) throw new Error('usage: <meter> <configuration as JSON>');
  return JSON.parse(text);
};

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** SQLSTATE of PostgreSQL's and PgBouncer's errors. */
export const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
