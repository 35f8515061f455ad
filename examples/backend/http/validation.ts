import type { z } from 'zod';
import { Problem } from './problem';

/** @throws Problem 400 with everything that is wrong, by the place where it is */
export const parse = <T extends z.ZodType>(schema: T, input: unknown, code = 'malformed_request'): z.infer<T> => {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message }) => `${path.length === 0 ? 'body' : path.join('.')}: ${message}`);
  throw new Problem(400, code, problems.join('; '));
};
