/** What a drill does to AWS: per region and service slower, failing, or gone. Pure. */

export type Effect =
  | { readonly kind: 'latency'; readonly ms: number }
  /** Answers so much of the requests (0 to 1) with an error of the service. */
  | { readonly kind: 'error'; readonly status: number; readonly code: string; readonly share: number }
  /** `request`: it never arrives. `answer`: it is carried out, and nobody hears of it. */
  | { readonly kind: 'lost'; readonly what: 'request' | 'answer'; readonly how: 'silence' | 'reset' };

export interface AwsFault {
  readonly name: string;
  /** @default - every region */
  readonly regions?: readonly string[];
  /** @default - every service */
  readonly services?: readonly string[];
  /** @default - every operation */
  readonly operations?: readonly string[];
  /** @default - everybody's requests; by the caller's address, as a prefix such as `10.50.` */
  readonly from?: string;
  readonly effect: Effect;
}

export interface Seen {
  readonly region: string;
  readonly service: string;
  readonly operation: string;
  readonly from: string;
}

const names = (list: readonly string[] | undefined, value: string): boolean => list === undefined || list.includes(value);

export const concerns = (fault: AwsFault, seen: Seen): boolean =>
  names(fault.regions, seen.region) &&
  names(fault.services, seen.service) &&
  names(fault.operations, seen.operation) &&
  (fault.from === undefined || seen.from.startsWith(fault.from));

/** What becomes of one request. */
export interface Fate {
  readonly latencyMs: number;
  /** Instead of the service. */
  readonly error?: { readonly status: number; readonly code: string };
  readonly lost?: Extract<Effect, { kind: 'lost' }>;
}

/** Latencies add up; of several losses and errors the first that was injected counts, a loss before an error. @param random 0 to 1 */
export const fateOf = (faults: readonly AwsFault[], seen: Seen, random: () => number): Fate => {
  const effects = faults.filter((fault) => concerns(fault, seen)).map(({ effect }) => effect);
  const latencyMs = effects.reduce((sum, effect) => (effect.kind === 'latency' ? sum + effect.ms : sum), 0);
  const lost = effects.find((effect) => effect.kind === 'lost');
  const error = effects.find((effect) => effect.kind === 'error' && random() < effect.share);
  return {
    latencyMs,
    ...(lost === undefined ? {} : { lost }),
    ...(error?.kind === 'error' ? { error: { status: error.status, code: error.code } } : {}),
  };
};

const isNames = (value: unknown): boolean => value === undefined || (Array.isArray(value) && value.every((entry) => typeof entry === 'string'));
const KINDS: readonly string[] = ['latency', 'error', 'lost'];

/** @throws Error that names what is wrong with a fault that somebody sent */
export const parseFault = (value: unknown): AwsFault => {
  const given = JSON.stringify(value);
  if (typeof value !== 'object' || value === null) throw new Error(`fault: given ${given}; allowed: an object with name and effect`);
  const { name, regions, services, operations, effect } = value as Partial<Record<keyof AwsFault, unknown>>;
  if (typeof name !== 'string' || name === '') throw new Error(`fault: given ${given}; allowed: a name, by which it is healed`);
  for (const [what, list] of Object.entries({ regions, services, operations }))
    if (!isNames(list)) throw new Error(`fault ${name}: ${what} given ${JSON.stringify(list)}; allowed: a list of names, or none for all`);
  const kind = typeof effect === 'object' && effect !== null && 'kind' in effect ? effect.kind : undefined;
  if (typeof kind !== 'string' || !KINDS.includes(kind))
    throw new Error(`fault ${name}: effect given ${JSON.stringify(effect)}; allowed kinds: ${KINDS.join(', ')}`);
  return value as AwsFault;
};
