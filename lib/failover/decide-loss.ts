/**
 * Is the region that takes writes lost? One look at a time, from four signals that fail for different reasons. Pure: what is not known is no signal, and what was seen
 * before travels in `LossMemory`.
 */
import type { PublicHealth } from './failover-ports';
import type { LeaseRecord } from './lease';
import type { FailoverSettings } from './settings';

/** What the target says of the primary region: the stream and the door of it. */
export type Hearing = 'hears' | 'silent' | 'unknown';

export interface LossLook {
  /** Milliseconds, on a clock that only goes forward as long as the memory is carried on; the wall clock where there is none. */
  readonly at: number;
  /** Milliseconds since the epoch: for the cooldown. */
  readonly now: number;
  /** undefined: the store did not answer. */
  readonly lease: LeaseRecord | null | undefined;
  /** The region that could take over. */
  readonly target: string;
  /** The primary region's public entrance, probed from the witness. */
  readonly fromWitness: PublicHealth;
  /** The same, probed from the target region. */
  readonly fromTarget: PublicHealth;
  readonly hearing: Hearing;
}

/** Carried from look to look. Lost: the counting begins anew, and nothing else happens. */
export interface LossMemory {
  readonly epoch: number;
  readonly renewals: number;
  /** Since when nobody has renewed the lease, on the clock of `LossLook.at`. */
  readonly unchangedSince: number;
  /** So many looks in a row agreed that the region is lost. */
  readonly agreeing: number;
  /** So many looks in a row found that nobody renews, although the region does not count as lost. */
  readonly idle: number;
  /** In which epoch a failover was started; nobody starts a second one from there before the region has been seen well again. */
  readonly startedIn: number | null;
}

export const SIGNALS = ['lease stands still', 'entrance fails from the witness', 'target hears nothing', 'entrance fails from the target'] as const;
export type Signal = (typeof SIGNALS)[number];

export type LossDecision =
  | { readonly kind: 'hold'; readonly because: string }
  | { readonly kind: 'start'; readonly target: string; readonly fromEpoch: number; readonly renewals: number; readonly because: string }
  /** @property id the same while it is about the same: nobody is called twice */
  | { readonly kind: 'page-human'; readonly id: string; readonly because: string };

export interface LossStep {
  readonly decision: LossDecision;
  readonly signals: readonly Signal[];
  readonly memory: LossMemory;
}

type LossSettings = Pick<FailoverSettings, 'decision' | 'environment'>;

/** So many times `ticks` the lease may stand still, with everything else well, until somebody is called. */
const IDLE_FACTOR = 4;

const remembered = (memory: LossMemory | undefined, { lease, at }: LossLook): LossMemory => {
  if (memory === undefined || (lease != null && lease.epoch !== memory.epoch)) {
    return { epoch: lease?.epoch ?? 0, renewals: lease?.renewals ?? -1, unchangedSince: at, agreeing: 0, idle: 0, startedIn: memory?.startedIn ?? null };
  }
  if (lease == null || lease.renewals === memory.renewals) return memory;
  return { ...memory, renewals: lease.renewals, unchangedSince: at };
};

/** Those that say "lost", and nothing that is not known. */
const signalsOf = (settings: LossSettings, memory: LossMemory, look: LossLook): readonly Signal[] => {
  const standsStill = look.lease != null && look.at - memory.unchangedSince >= settings.decision.silentAfter * 1000;
  const said: Readonly<Record<Signal, boolean>> = {
    'lease stands still': standsStill,
    'entrance fails from the witness': look.fromWitness === 'unhealthy',
    'target hears nothing': look.hearing === 'silent',
    'entrance fails from the target': look.fromTarget === 'unhealthy',
  };
  return SIGNALS.filter((signal) => said[signal]);
};

export const decideLoss = (settings: LossSettings, before: LossMemory | undefined, look: LossLook): LossStep => {
  const seen = remembered(before, look);
  const signals = signalsOf(settings, seen, look);
  const isLost = signals.length >= settings.decision.signals;
  const memory: LossMemory = {
    ...seen,
    agreeing: isLost ? seen.agreeing + 1 : 0,
    idle: signals.includes('lease stands still') && !isLost ? seen.idle + 1 : 0,
    startedIn: signals.length === 0 && look.lease?.phase === 'held' ? null : seen.startedIn,
  };
  const decision = decide(settings, memory, look, signals);
  return { decision, signals, memory: decision.kind === 'start' ? { ...memory, startedIn: decision.fromEpoch } : memory };
};

const decide = (settings: LossSettings, memory: LossMemory, look: LossLook, signals: readonly Signal[]): LossDecision => {
  const { ticks } = settings.decision;
  const said = signals.length === 0 ? 'no signal' : `${signals.length} of ${SIGNALS.length} signals (${signals.join(', ')})`;
  const hold = (because: string): LossDecision => ({ kind: 'hold', because: `${said}: ${because}` });
  const { lease, target } = look;
  if (memory.agreeing === 0) return memory.idle >= IDLE_FACTOR * ticks ? nobodyRenews(settings, look, said) : hold('the region is not taken for lost');
  if (memory.agreeing < ticks) return hold(`${memory.agreeing} of ${ticks} looks in a row`);
  const page = (what: string, because: string): LossDecision => ({
    kind: 'page-human',
    id: `${settings.environment}-${lease?.epoch ?? 'unknown'}-${what}`,
    because: `${said}: ${because}`,
  });
  if (lease == null) return page('no-lease', 'the lease store does not answer, and without it nobody may be promoted');
  if (lease.phase === 'moving') return hold(`${lease.execution ?? 'a workflow'} is moving the lease already`);
  if (lease.holder === target) return hold(`${target} holds the lease itself`);
  if (memory.startedIn === lease.epoch) return hold(`a failover from epoch ${lease.epoch} has been started already`);
  if (look.now < lease.cooldownUntil)
    return page('cooldown', `${lease.holder} is lost, and the lease changed lately: somebody has to decide (holdfast failover ${target})`);
  return { kind: 'start', target, fromEpoch: lease.epoch, renewals: lease.renewals, because: `${said}, ${memory.agreeing} looks in a row` };
};

/** Neither lost nor well: perhaps no region takes writes. */
const nobodyRenews = (settings: LossSettings, { lease }: LossLook, said: string): LossDecision => ({
  kind: 'page-human',
  id: `${settings.environment}-${lease?.epoch ?? 'unknown'}-idle`,
  because: `${said}: ${lease?.holder ?? 'nobody'} does not renew its lease, and is not taken for lost; perhaps no region takes writes`,
});
