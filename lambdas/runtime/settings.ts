/** What a function is told by its environment. */
import type { FailoverSettings } from '../../lib/failover/settings';

/** The deployment is wrong: nothing that the function is asked can be right. */
export class Misconfigured extends Error {
  override readonly name = 'Misconfigured';
}

/** @throws Misconfigured naming the variable */
export const required = (name: string, environment: NodeJS.ProcessEnv = process.env): string => {
  const value = environment[name];
  if (value === undefined || value === '') throw new Misconfigured(`the environment variable ${name} is missing; the function's stack sets it`);
  return value;
};

/** Of the template, so that its shape is ours; that it is there and whole is what is checked. */
export const settingsFromEnvironment = (environment: NodeJS.ProcessEnv = process.env): FailoverSettings => {
  const text = required('HOLDFAST_FAILOVER', environment);
  try {
    return JSON.parse(text) as FailoverSettings;
  } catch {
    throw new Misconfigured("HOLDFAST_FAILOVER is no JSON; the function's stack writes it from the model");
  }
};

/** The region that the function runs in. */
export const selfFromEnvironment = (environment: NodeJS.ProcessEnv = process.env): string => required('HOLDFAST_SELF', environment);
