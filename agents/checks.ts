/** Checks of configuration files, which an agent reads at its start: every problem at once, each with what was given and what is allowed. */
import { readFileSync } from 'node:fs';
import { reasonOf } from './follower/log';

/** The configuration can't be used; the message names every problem. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** What is wrong with a value, empty if nothing. */
export type Check = (value: unknown, path: string) => readonly string[];

const given = (value: unknown): string => (value === undefined ? 'nothing' : JSON.stringify(value));

export const expected =
  (what: string, isValid: (value: unknown) => boolean): Check =>
  (value, path) =>
    isValid(value) ? [] : [`${path}: given ${given(value)}; allowed: ${what}`];

const isPlain = (v: unknown): v is Readonly<Record<string, unknown>> => typeof v === 'object' && v !== null && !Array.isArray(v);
export const text = expected('a text that is not empty', (v) => typeof v === 'string' && v.length > 0);
export const flag = expected('true or false', (v) => typeof v === 'boolean');
export const duration = expected('seconds, more than 0 and at most 60', (v) => typeof v === 'number' && v > 0 && v <= 60);
export const port = expected('a port, 1 to 65535', (v) => Number.isInteger(v) && Number(v) >= 1 && Number(v) <= 65_535);
export type Checks<T> = { readonly [K in keyof T]-?: Check };

/** Every key of T is checked, and no other key is accepted. */
export const object =
  <T>(checks: Checks<T>): Check =>
  (value, path) => {
    if (!isPlain(value)) return [`${path || 'the configuration'}: given ${given(value)}; allowed: an object`];
    const at = (key: string): string => (path ? `${path}.${key}` : key);
    const unknownKeys = Object.keys(value).filter((key) => !(key in checks));
    return [
      ...Object.entries<Check>(checks).flatMap(([key, check]) => check(value[key], at(key))),
      ...unknownKeys.map((key) => `${at(key)}: unknown key; allowed: ${Object.keys(checks).join(', ')}`),
    ];
  };

/**
 * @param what the file is, for the message
 * @throws ConfigError with every problem at once
 */
export const parseChecked = (check: Check, what: string, json: string, source: string): unknown => {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    throw new ConfigError(`${source} is not JSON: ${reasonOf(error)}`);
  }
  const problems = check(value, '');
  if (problems.length > 0) throw new ConfigError([`${source} is not a ${what} configuration:`, ...problems.map((p) => `  - ${p}`)].join('\n'));
  return value;
};

/** @throws ConfigError when the file can't be read */
export const readText = (file: string): string => {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new ConfigError(`cannot read the configuration: ${reasonOf(error)}`);
  }
};
