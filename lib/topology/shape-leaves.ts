/** The values that shapes end in. */
import { leaf } from './shape';
import type { Gibibytes, Mebibytes, Millicores, Seconds } from './units';

const isFiniteNumber = (v: unknown): v is number => typeof v === 'number' && Number.isFinite(v);

export const text = leaf<string>('a text', (v) => typeof v === 'string');
export const flag = leaf<boolean>('true or false', (v) => typeof v === 'boolean');
export const count = leaf<number>('a whole number >= 0', (v) => Number.isSafeInteger(v) && Number(v) >= 0);
/** A rate or a share: fractions are allowed. */
export const amount = leaf<number>('a number >= 0', (v) => isFiniteNumber(v) && v >= 0);
export const duration = leaf<Seconds>('a number of seconds >= 0, for example seconds(20)', (v) => isFiniteNumber(v) && v >= 0);
export const mebi = leaf<Mebibytes>('a size > 0 in MiB, for example mebibytes(512)', (v) => isFiniteNumber(v) && v > 0);
export const gibi = leaf<Gibibytes>('a size > 0 in GiB, for example gibibytes(50)', (v) => isFiniteNumber(v) && v > 0);
export const milli = leaf<Millicores>('a share of a core > 0 in thousandths, for example millicores(500)', (v) => isFiniteNumber(v) && v > 0);
export const scalar = leaf<string | number | boolean>('a text, a number, true or false', (v) => ['string', 'boolean'].includes(typeof v) || isFiniteNumber(v));
