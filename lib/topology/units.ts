/** Branded units: a figure is parsed once, where it is written, and carries its unit from there on. */

declare const unit: unique symbol;
type Branded<T, U extends string> = T & { readonly [unit]: U };

/** A duration in seconds, >= 0, fractions allowed. */
export type Seconds = Branded<number, 'seconds'>;
/** A size in mebibytes (1024 * 1024 bytes), > 0. */
export type Mebibytes = Branded<number, 'mebibytes'>;
/** A size in gibibytes, > 0. */
export type Gibibytes = Branded<number, 'gibibytes'>;
/** A share of one CPU core in thousandths, > 0. */
export type Millicores = Branded<number, 'millicores'>;

const finite = (what: string, n: number, atLeast: number, exclusive: boolean): number => {
  if (typeof n !== 'number' || !Number.isFinite(n) || n < atLeast || (exclusive && n === atLeast)) {
    throw new RangeError(`${what} must be a number ${exclusive ? '>' : '>='} ${atLeast}, got ${String(n)}`);
  }
  return n;
};

/** @throws RangeError when `n` is not a finite number >= 0 */
export const seconds = (n: number): Seconds => finite('seconds', n, 0, false) as Seconds;
export const minutes = (n: number): Seconds => seconds(finite('minutes', n, 0, false) * 60);
export const hours = (n: number): Seconds => seconds(finite('hours', n, 0, false) * 3600);
export const days = (n: number): Seconds => seconds(finite('days', n, 0, false) * 86_400);
/** @throws RangeError when `n` is not a finite number > 0 */
export const mebibytes = (n: number): Mebibytes => finite('mebibytes', n, 0, true) as Mebibytes;
export const gibibytes = (n: number): Gibibytes => finite('gibibytes', n, 0, true) as Gibibytes;
export const millicores = (n: number): Millicores => finite('millicores', n, 0, true) as Millicores;

/** Kubernetes quantities. */
export const memoryQuantity = (m: Mebibytes): string => `${m}Mi`;
export const storageQuantity = (g: Gibibytes): string => `${g}Gi`;
export const cpuQuantity = (m: Millicores): string => `${m}m`;
