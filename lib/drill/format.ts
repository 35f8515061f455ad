/** Figures as people read them, the same in the terminal and on the page. */
import type { Verdict } from './verdict';

export const NOT_MEASURED = 'not measured';

/** `0.13 s`, `2.47 s`, `19.9 s`, `60 s`. */
export const formatSeconds = (seconds: number | null): string => {
  if (seconds === null) return NOT_MEASURED;
  const size = Math.abs(seconds);
  const figure = Number.isInteger(size) ? String(size) : size.toFixed(size < 10 ? 2 : 1);
  return `${seconds < 0 ? '−' : ''}${figure} s`;
};

/** `18.2-26.4 s`, with an en dash. */
export const formatRange = (lower: number, upper: number): string => `${formatSeconds(lower).replace(/ s$/, '')}–${formatSeconds(upper)}`;

export const formatCount = (count: number | null): string => (count === null ? NOT_MEASURED : String(count));

/** Never the colour alone: a sign and a word. */
export const VERDICT_SIGN: Readonly<Record<Verdict, string>> = { pass: '✓', unknown: '?', fail: '✗' };

/** `2026-11-22 04:30 UTC`; a text that is no time is shown as it is. */
export const formatInstant = (iso: string): string => {
  const time = new Date(iso);
  return Number.isNaN(time.getTime()) ? iso : `${time.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
};
