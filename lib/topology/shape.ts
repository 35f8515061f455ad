/**
 * The shape of what a user writes, checked at run time: TypeScript's types are gone when a bundle runs, and an environment may come from untyped code.
 * A `Shape<T>` is typed by the very type it checks, so a field that is added to `types.ts` and not here (or the reverse) does not compile.
 */
import { closest } from './closest';
import type { Violation } from './violation';

/** Checks that a value is a `T`. `exactly` exists only in the types: it makes `Shape<A>` and `Shape<B>` incompatible unless A and B are the same. */
export interface Shape<T> {
  readonly check: (value: unknown, path: string) => readonly Violation[];
  readonly exactly?: (value: T) => T;
}

/** The rule's name for keys that nobody reads; such input is otherwise sound, so the other rules can still be checked. */
export const UNKNOWN_KEY = 'no-unknown-keys';
/** The rule's name for values of the wrong type and for what is missing. */
export const WRONG_TYPE = 'types-are-right';

export const show = (value: unknown): string => {
  if (value === undefined) return 'nothing';
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  if (typeof value === 'function' || typeof value === 'symbol') return `a ${typeof value}`;
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
};

const at = (path: string, key: string): string => (path === '' ? key : `${path}.${key}`);
const wrong = (path: string, value: unknown, allowed: string): Violation => ({
  rule: WRONG_TYPE,
  path: path === '' ? '(environment)' : path,
  given: show(value),
  allowed,
  fix: value === undefined ? 'add it' : `write ${allowed}`,
});

export const leaf = <T>(allowed: string, accepts: (value: unknown) => boolean): Shape<T> => ({
  check: (value, path) => (accepts(value) ? [] : [wrong(path, value, allowed)]),
});

export const oneOf = <const T extends readonly (string | number)[]>(values: T): Shape<T[number]> =>
  leaf(`one of ${values.map((v) => show(v)).join(', ')}`, (v) => values.some((known) => known === v));

export const nullable = <T>(shape: Shape<T>): Shape<T | null> => ({ check: (value, path) => (value === null ? [] : shape.check(value, path)) });

export const listOf = <T>(item: Shape<T>): Shape<readonly T[]> => ({
  check: (value, path) => (Array.isArray(value) ? value.flatMap((v: unknown, i) => item.check(v, `${path}[${i}]`)) : [wrong(path, value, 'a list')]),
});

type Plain = Readonly<Record<string, unknown>>;
const isPlain = (value: unknown): value is Plain => typeof value === 'object' && value !== null && !Array.isArray(value);

export const mapOf = <T>(item: Shape<T>): Shape<Readonly<Record<string, T>>> => ({
  check: (value, path) => (isPlain(value) ? Object.entries(value).flatMap(([k, v]) => item.check(v, at(path, k))) : [wrong(path, value, 'an object')]),
});

type RequiredKeys<T> = { [K in keyof T]-?: Pick<T, K> extends Required<Pick<T, K>> ? K : never }[keyof T];
/** One shape per key of `T`, optional keys included. */
export type Fields<T> = { readonly [K in keyof T]-?: Shape<Exclude<T[K], undefined>> };

/** An object with exactly the keys of `T`. `required` names those that must be there: all and only the keys that aren't optional in `T`. */
export const object = <T>(fields: Fields<T>, required: Readonly<Record<RequiredKeys<T>, true>>): Shape<T> => {
  const shapes: readonly (readonly [string, Shape<never>])[] = Object.entries(fields);
  const known = new Map(shapes);
  return {
    check: (value, path) => {
      if (!isPlain(value)) return [wrong(path, value, `an object with ${[...known.keys()].join(', ')}`)];
      const missing = Object.keys(required).filter((key) => value[key] === undefined);
      const given = Object.entries(value).filter(([, v]) => v !== undefined);
      return [
        ...missing.flatMap((key) => known.get(key)?.check(undefined, at(path, key)) ?? []),
        ...given.flatMap(([key, v]) => known.get(key)?.check(v, at(path, key)) ?? [unknownKey(at(path, key), key, [...known.keys()])]),
      ];
    },
  };
};

const unknownKey = (path: string, key: string, known: readonly string[]): Violation => {
  const meant = closest(key, known);
  return {
    rule: UNKNOWN_KEY,
    path,
    given: `the unknown key ${show(key)}`,
    allowed: known.join(', '),
    fix: meant === undefined ? 'remove it' : `did you mean ${show(meant)}? Otherwise remove it`,
  };
};
