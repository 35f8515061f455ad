/**
 * The right to take writes: one record per environment, in a store that is linearizable and lies outside every region with workloads. Here is what may become of it,
 * as pure functions of the present record and a request. An adapter carries them out as one conditional write each, or reads, applies, and writes on the condition
 * that `version` has not changed; which of the two makes no difference to what is said here.
 */

/** `held`: one region has it, and renews it. `moving`: a workflow is taking it to another region. */
export type LeasePhase = 'held' | 'moving';

/** What a workflow has behind it, in this order: each is marked only from the one before. */
export const LEASE_STEPS = ['leased', 'fenced', 'promoting', 'promoted', 'repointed', 'verified', 'switched'] as const;
export type LeaseStep = (typeof LEASE_STEPS)[number];
/** From here on only forward. */
export const POINT_OF_NO_RETURN: LeaseStep = 'promoting';

/** For people: what happened to the lease. */
export interface LeaseEvent {
  /** Milliseconds since the epoch, on the clock of whoever asked. */
  readonly at: number;
  readonly epoch: number;
  readonly holder: string;
  /** Which execution did it; null: no workflow. */
  readonly execution: string | null;
  readonly what: string;
}
/** So many of the newest events are kept. */
export const LEASE_HISTORY = 30;

export interface LeaseRecord {
  readonly environment: string;
  /** Rises by one with every change of the holder, and with every change that is given up. */
  readonly epoch: number;
  /** The region that may take writes; while moving, the one that is going to. */
  readonly holder: string;
  readonly phase: LeasePhase;
  /** From where it is moving; null while held. */
  readonly previous: { readonly region: string; readonly epoch: number } | null;
  /** Which workflow moves it; null while held. */
  readonly execution: string | null;
  /** The last step of that workflow which was marked; null while held. */
  readonly step: LeaseStep | null;
  /** By the renewer's wall clock, milliseconds since the epoch. For detection and estimates: nothing that must be certain depends on it. */
  readonly renewedAt: number;
  /** Rises with every renewal. Whoever watches counts these with a clock of its own, so that no two clocks are compared. */
  readonly renewals: number;
  /** No failover begins by itself before this. Milliseconds since the epoch. */
  readonly cooldownUntil: number;
  /** How the last workflow ended, so that an end which is repeated is known as one. */
  readonly closed: {
    readonly execution: string;
    readonly epoch: number;
    readonly how: 'settled' | 'given-back';
    /** Which attempt ended it, in whose name: for people. A record of an earlier release has none. */
    readonly by?: string;
  } | null;
  readonly history: readonly LeaseEvent[];
  /** Rises with every change. */
  readonly version: number;
}

export type LeaseAnswer =
  | { readonly kind: 'granted'; readonly record: LeaseRecord }
  /** The record is the present one; null: there is none. */
  | { readonly kind: 'refused'; readonly because: string; readonly record: LeaseRecord | null };

export interface CreateRequest {
  readonly environment: string;
  readonly region: string;
  /** What the region's own etcd says. */
  readonly epoch: number;
  /** Milliseconds since the epoch. */
  readonly now: number;
}
export interface RenewRequest {
  readonly region: string;
  /** What the region's own etcd says. */
  readonly epoch: number;
  readonly now: number;
}
export interface AdvanceRequest {
  /** As observed by whoever decided: anything else means that somebody was faster. */
  readonly fromEpoch: number;
  readonly to: string;
  readonly execution: string;
  readonly now: number;
}
export interface MarkRequest {
  readonly epoch: number;
  readonly execution: string;
  readonly step: LeaseStep;
  readonly now: number;
}
export interface SettleRequest {
  readonly epoch: number;
  readonly execution: string;
  readonly now: number;
  /** Milliseconds. */
  readonly cooldown: number;
  /** Which attempt asks, in whose name. */
  readonly by: string;
}
export type GiveBackRequest = SettleRequest;

const granted = (record: LeaseRecord): LeaseAnswer => ({ kind: 'granted', record });
const refused = (record: LeaseRecord | null, because: string): LeaseAnswer => ({ kind: 'refused', because, record });

const NO_RECORD = 'there is no lease yet: the home region creates it when it first takes writes';

const changed = (record: LeaseRecord, change: Partial<LeaseRecord>, event?: Pick<LeaseEvent, 'at' | 'what'>, execution = record.execution): LeaseRecord => {
  const next = { ...record, ...change, version: record.version + 1 };
  if (event === undefined) return next;
  const entry: LeaseEvent = { ...event, epoch: next.epoch, holder: next.holder, execution };
  return { ...next, history: [...record.history, entry].slice(-LEASE_HISTORY) };
};

const indexOf = (step: LeaseStep | null): number => (step === null ? -1 : LEASE_STEPS.indexOf(step));
/** A workflow that has gone so far can't be given up any more. */
export const isPastReturn = (record: LeaseRecord): boolean => indexOf(record.step) >= indexOf(POINT_OF_NO_RETURN);
const isMovedBy = (record: LeaseRecord, epoch: number, execution: string): boolean =>
  record.phase === 'moving' && record.epoch === epoch && record.execution === execution;
const state = (record: LeaseRecord): string =>
  record.phase === 'held'
    ? `${record.holder} holds it in epoch ${record.epoch}`
    : `${record.execution ?? 'somebody'} is moving it to ${record.holder} in epoch ${record.epoch}, after step "${record.step ?? 'none'}"`;

/** The first record: by the region whose own etcd says that it is primary, when there is none. */
export const create = (record: LeaseRecord | null, { environment, region, epoch, now }: CreateRequest): LeaseAnswer => {
  if (record !== null) return refused(record, `the lease exists: ${state(record)}`);
  const first: LeaseRecord = {
    environment,
    epoch,
    holder: region,
    phase: 'held',
    previous: null,
    execution: null,
    step: null,
    renewedAt: now,
    renewals: 1,
    cooldownUntil: 0,
    closed: null,
    history: [{ at: now, epoch, holder: region, execution: null, what: 'created' }],
    version: 1,
  };
  return granted(first);
};

/**
 * The holder goes on. A region that is being promoted renews from the point of no return on: its own etcd says that it is primary only after the fence, and without the
 * lease its commits would be refused.
 */
export const renew = (record: LeaseRecord | null, { region, epoch, now }: RenewRequest): LeaseAnswer => {
  if (record === null) return refused(record, NO_RECORD);
  if (record.holder !== region || record.epoch !== epoch) return refused(record, `${region} asks for epoch ${epoch}, but ${state(record)}`);
  if (record.phase === 'moving' && !isPastReturn(record)) return refused(record, `${region} is not promoted yet: ${state(record)}`);
  return granted(changed(record, { renewedAt: now, renewals: record.renewals + 1 }));
};

/** Begins to take the lease to another region. From now on the old holder can't renew it. */
export const advance = (record: LeaseRecord | null, { fromEpoch, to, execution, now }: AdvanceRequest): LeaseAnswer => {
  if (record === null) return refused(record, NO_RECORD);
  if (isMovedBy(record, fromEpoch + 1, execution) && record.holder === to) return granted(record);
  if (record.phase === 'moving') return refused(record, `another workflow is at work: ${state(record)}`);
  if (record.epoch !== fromEpoch) return refused(record, `epoch ${fromEpoch} was observed, but ${state(record)}: somebody was faster, or what was seen is old`);
  if (record.holder === to) return refused(record, `${to} holds it already, in epoch ${record.epoch}`);
  return granted(
    changed(
      record,
      { epoch: fromEpoch + 1, holder: to, phase: 'moving', previous: { region: record.holder, epoch: record.epoch }, execution, step: 'leased' },
      { at: now, what: `advanced from ${record.holder}` },
      execution,
    ),
  );
};

/** A workflow's step: granted to the very execution that moves the lease, from the step before, or again. */
export const mark = (record: LeaseRecord | null, { epoch, execution, step, now }: MarkRequest): LeaseAnswer => {
  if (record === null) return refused(record, NO_RECORD);
  if (!isMovedBy(record, epoch, execution)) return refused(record, `${execution} is not moving it in epoch ${epoch}: ${state(record)}`);
  if (record.step === step) return granted(record);
  if (indexOf(step) < indexOf(record.step)) return granted(record); // done before: whoever repeats it finds nothing left to do
  if (indexOf(step) !== indexOf(record.step) + 1) return refused(record, `"${step}" does not follow: ${state(record)}`);
  return granted(changed(record, { step }, { at: now, what: step }));
};

/** Clients are where the lease is: the workflow is over. */
export const settle = (record: LeaseRecord | null, { epoch, execution, now, cooldown, by }: SettleRequest): LeaseAnswer => {
  if (record === null) return refused(record, NO_RECORD);
  if (record.epoch === epoch && isClosed(record, epoch, execution, 'settled')) return granted(record);
  if (!isMovedBy(record, epoch, execution)) return refused(record, `${execution} is not moving it in epoch ${epoch}: ${state(record)}`);
  if (record.step !== LEASE_STEPS.at(-1)) return refused(record, `not all steps are done: ${state(record)}`);
  const closed = { execution, epoch, how: 'settled', by } as const;
  const next = { phase: 'held', previous: null, execution: null, step: null, cooldownUntil: now + cooldown, closed } as const;
  return granted(changed(record, next, { at: now, what: 'settled' }, execution));
};

/**
 * Before anything was promoted a workflow can be given up: the old holder has it again, in a later epoch, so that nothing which was begun can be finished. One that has not
 * taken the lease yet is given up likewise: the request to take it may still be under way.
 */
export const giveBack = (record: LeaseRecord | null, { epoch, execution, now, cooldown, by }: GiveBackRequest): LeaseAnswer => {
  if (record === null) return refused(record, NO_RECORD);
  // Only as long as nothing has happened since: whoever restores the holder must not restore somebody else's target.
  if (record.epoch === epoch + 1 && isClosed(record, epoch, execution, 'given-back')) return granted(record);
  const isUntouched = record.phase === 'held' && record.epoch === epoch - 1;
  if (!isUntouched && !isMovedBy(record, epoch, execution)) return refused(record, `${execution} is not moving it in epoch ${epoch}: ${state(record)}`);
  if (isPastReturn(record)) return refused(record, `only forward from here: ${state(record)}`);
  const closed = { execution, epoch, how: 'given-back', by } as const;
  const next = {
    epoch: epoch + 1,
    holder: record.previous?.region ?? record.holder,
    phase: 'held',
    previous: null,
    execution: null,
    step: null,
    cooldownUntil: now + cooldown,
    closed,
  } as const;
  return granted(changed(record, next, { at: now, what: `given back by ${record.holder}` }, execution));
};

const isClosed = (record: LeaseRecord, epoch: number, execution: string, how: 'settled' | 'given-back'): boolean =>
  record.phase === 'held' && record.closed !== null && record.closed.execution === execution && record.closed.epoch === epoch && record.closed.how === how;

/**
 * Was this very change carried out, by another attempt at it: who did, and where the lease is now. For people: the history is short, and a change of long ago is not known.
 * @returns undefined when it was not, as far as the record knows
 */
export const carriedOut = (record: LeaseRecord, epoch: number, execution: string): string | undefined => {
  const settled = record.history.some((event) => event.what === 'settled' && event.epoch === epoch && event.execution === execution);
  if (!settled) return undefined;
  const { closed } = record;
  const by = closed?.execution === execution && closed.epoch === epoch && closed.by !== undefined ? closed.by : execution;
  const since = isClosed(record, epoch, execution, 'settled') ? `: ${record.holder} holds the lease` : `; since then: ${state(record)}`;
  return `carried out already by ${by}, in epoch ${epoch}${since}`;
};
