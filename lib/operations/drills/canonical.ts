/**
 * JSON in its one canonical form (RFC 8785): no space, keys in the order of their UTF-16 code units, figures and texts as ECMAScript writes them. The same value gives
 * the same bytes everywhere, so that a signature over the bytes is a signature over the value.
 */

const isPlain = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && (Object.getPrototypeOf(value) === Object.prototype || Object.getPrototypeOf(value) === null);

/** Half a character: with `u`, a pair is one character and does not match. */
const LONE_SURROGATE = /[\ud800-\udfff]/u;

/** @throws TypeError for what JSON can't say: it would vanish in silence, or be read back as something else */
export const canonical = (value: unknown, path = '$'): string => {
  if (value === null || typeof value === 'boolean') return JSON.stringify(value);
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new TypeError(`${path}: ${value} can't be written as JSON`);
    return JSON.stringify(value);
  }
  if (typeof value === 'string') {
    if (LONE_SURROGATE.test(value)) throw new TypeError(`${path}: half a character can't be written as UTF-8`);
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) return `[${value.map((item: unknown, i) => canonical(item, `${path}[${i}]`)).join(',')}]`;
  if (!isPlain(value)) throw new TypeError(`${path}: a ${typeof value} can't be written as JSON`);
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  const written = entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, item]) => `${canonical(key, path)}:${canonical(item, `${path}.${key}`)}`);
  return `{${written.join(',')}}`;
};
