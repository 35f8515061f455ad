/** What happened outside, for timelines: one JSON line each, seconds since the epoch. */
import { appendFileSync } from 'node:fs';
import { now } from '../meter/clock';

export type OutsideEvent =
  | { readonly kind: 'health'; readonly check: string; readonly passes: boolean; readonly because: string }
  | { readonly kind: 'dns'; readonly name: string; readonly client: string; readonly addresses: readonly string[] }
  | {
      readonly kind: 'invocation';
      readonly function: string;
      readonly region: string;
      readonly start: number;
      readonly failed: boolean;
      /** JSON text, shortened. */
      readonly event: string;
      readonly result: string;
    }
  | { readonly kind: 'balancer'; readonly region: string; readonly healthy: boolean };

export type Stamped = OutsideEvent & { readonly t: number };

/** Small and seldom: written at once, so that nothing is lost with the process. */
export const recorder =
  (file: string) =>
  (event: OutsideEvent): void =>
    appendFileSync(file, `${JSON.stringify({ t: now(), ...event })}\n`);
