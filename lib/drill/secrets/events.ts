/** What the meters of a rotation saw besides writes and reads: logins of clients that follow their credentials, and of somebody who has the old ones. */

/** A client logged in with new credentials, or could not. */
export interface LoginEvent {
  readonly t: number;
  readonly kind: 'login';
  readonly client: string;
  readonly start: number;
  readonly user: string;
  readonly ok: boolean;
  readonly error?: string;
}

/** Somebody tried the old credentials. `in`: let in; `refused`: by the server, for who it is; `no answer`: says nothing. */
export interface IntrusionEvent {
  readonly t: number;
  readonly kind: 'intrusion';
  /** Where: `pgbouncer-x as app`. */
  readonly door: string;
  readonly start: number;
  readonly result: 'in' | 'refused' | 'no answer';
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null;

/** The events of one kind among lines of JSON; lines that are none are passed over, as one that was cut off with its process is. */
export const eventsOf = <E extends LoginEvent | IntrusionEvent>(lines: readonly string[], kind: E['kind']): readonly E[] =>
  lines
    .filter((line) => line.includes(`"kind":"${kind}"`))
    .flatMap((line) => {
      const event: unknown = JSON.parse(line);
      return isRecord(event) && event['kind'] === kind ? [event as unknown as E] : [];
    });
