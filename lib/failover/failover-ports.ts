/**
 * Everything that the failover of a region asks and tells the world, as interfaces. An answer that says no is a value, with the reason; a question without an answer is
 * an error (`NoAnswer`), and nothing is known then of what became of it: each change may be asked for again, and is conditional on its epoch.
 */
import type { AdvanceRequest, CreateRequest, GiveBackRequest, LeaseAnswer, LeaseRecord, MarkRequest, RenewRequest, SettleRequest } from './lease';
import type { Approval, ApprovalRequest } from './approval';
import type { RegionSight } from './region-observation';
import type { OwnRole, Promised, RegionStatus } from './region-role';
import type { Vouch } from './vouch';

/** Every method: @throws NoAnswer when the store does not answer in time */
export interface LeaseStore {
  /** Strongly consistent; null: there is no record yet. */
  read(): Promise<LeaseRecord | null>;
  create(request: CreateRequest): Promise<LeaseAnswer>;
  renew(request: RenewRequest): Promise<LeaseAnswer>;
  advance(request: AdvanceRequest): Promise<LeaseAnswer>;
  mark(request: MarkRequest): Promise<LeaseAnswer>;
  settle(request: SettleRequest): Promise<LeaseAnswer>;
  giveBack(request: GiveBackRequest): Promise<LeaseAnswer>;
}

/** What a region's door says to a change. `done`: it is so now, by this request or an earlier one. */
export type DoorAnswer =
  | { readonly kind: 'done'; readonly role: OwnRole }
  /** The role is what the region's etcd says instead; an epoch that is not higher than the one it knows is refused. */
  | { readonly kind: 'refused'; readonly because: string; readonly role: OwnRole };

/** `GET /region` as the workflow needs it. */
export interface DoorStatus extends RegionStatus {
  /** For which epoch the region has promised to vouch for nobody below it; null: for none. */
  readonly promised: Promised | null;
  /** The region streams from the primary one at this moment; null: it follows nobody, or does not know. */
  readonly streaming: boolean | null;
  /** When it last vouched for another region, as far as the answering door knows, milliseconds since the epoch; null: never. */
  readonly vouchedAt: number | null;
}

/**
 * A region's door (`REGION_STATUS_PORT`): what it says comes from its own etcd, read after the question; every change is one compare-and-swap there.
 * Every method: @throws NoAnswer when none of the region's doors answers in time
 */
export interface RegionDoor {
  status(): Promise<DoorStatus>;
  /** The region and its PostgreSQL members, looked at after the question. */
  members(): Promise<RegionSight>;
  vouch(forRegion: string, epoch: number): Promise<Vouch>;
  /** From now on the region vouches for nobody below this epoch, or in it. */
  promise(request: EpochRequest): Promise<DoorAnswer>;
  /** Takes that promise back; one of another epoch or execution is left as it is (`done`). */
  withdraw(request: EpochRequest): Promise<DoorAnswer>;
  promote(request: EpochRequest): Promise<DoorAnswer>;
  /** Makes the region follow the target. */
  demote(request: EpochRequest & { readonly target: string }): Promise<DoorAnswer>;
  /** New transactions are read-only; a courtesy to clients, no fence. Conditional: only while the region is primary in this epoch. */
  drain(request: { readonly on: boolean; readonly epoch: number }): Promise<DoorAnswer>;
  /** Asks the primary to write its checkpoint beforehand, then a mark of 1 MiB (region-role.ts, preparePatch). */
  prepare(wish: string): Promise<DoorAnswer>;
}

export interface EpochRequest {
  readonly epoch: number;
  readonly execution: string;
}

/** What one probe of a region's public entrance said. A probe that could not be made is unknown. */
export type PublicHealth = 'healthy' | 'unhealthy' | 'unknown';

/** What a switch object says. */
export interface SwitchValue {
  /** The region that clients are sent to. */
  readonly active: string;
  readonly epoch: number;
}
export type SwitchReading =
  | { readonly kind: 'says'; readonly value: SwitchValue }
  | { readonly kind: 'absent' }
  /** Its text is none of ours. It counts for nobody, and is overwritten. */
  | { readonly kind: 'corrupt'; readonly text: string }
  | { readonly kind: 'silent' };

export interface SwitchResult {
  /** Objects that say the region and epoch now, by this write or an earlier one. */
  readonly pointed: readonly string[];
  /** Objects that say a later epoch, which stays. */
  readonly newer: readonly string[];
  /** Objects that did not answer. */
  readonly silent: readonly string[];
  /** What of it is worth telling: why an object did not answer, and what one said that was none of ours. */
  readonly notes: readonly string[];
}

/** Which region clients are sent to; its implementations look different, and are read by health checks that exist already. */
export interface TrafficSwitchPort {
  /** How many objects must agree. */
  readonly quorum: number;
  read(): Promise<readonly { readonly name: string; readonly reading: SwitchReading }[]>;
  /** Never backwards: an object that says a later epoch is left as it is. Never throws for single objects. */
  point(region: string, epoch: number): Promise<SwitchResult>;
}

export interface ApprovalPort {
  /** Tells people that their agreement is asked for; repeated: nothing new. */
  ask(request: ApprovalRequest): Promise<void>;
  /** Everything that was put down for this attempt, verified or not. */
  read(request: ApprovalRequest): Promise<readonly Approval[]>;
}

export type Urgency = 'page' | 'inform';
export interface NotifyPort {
  /** @param id the same id is told once. @throws NoAnswer when it could not be handed over */
  tell(urgency: Urgency, id: string, text: string): Promise<void>;
}

/** What was decided and done, by whom and why; kept for years. */
export interface AuditEntry {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly environment: string;
  readonly execution: string;
  readonly step: string;
  readonly what: string;
  /** A person, or `decider`. */
  readonly by: string;
  readonly detail: Readonly<Record<string, unknown>>;
}
export interface AuditPort {
  record(entry: AuditEntry): Promise<void>;
}

/** A synthetic write and read through the target's pooler. */
export interface WriteProbe {
  /** Writes a row that carries the epoch, and reads it back. @throws NoAnswer when it could not be written */
  writeAndRead(region: string, epoch: number): Promise<{ readonly epoch: number; readonly elapsed: number }>;
}

export interface Clock {
  /** Wall clock, milliseconds since the epoch: for records, and for times that people set. It may be wrong, and jump. */
  now(): number;
  /** Milliseconds on a clock of this process that only goes forward: for everything that is waited for. Means nothing to another process. */
  elapsed(): number;
  sleep(milliseconds: number): Promise<void>;
}

/** A step asks for those that it needs: `Pick<FailoverPorts, 'lease' | 'clock'>`. */
export interface FailoverPorts {
  readonly lease: LeaseStore;
  readonly region: (name: string) => RegionDoor;
  readonly publicHealth: (region: string) => Promise<PublicHealth>;
  readonly traffic: TrafficSwitchPort;
  readonly approvals: ApprovalPort;
  readonly notify: NotifyPort;
  readonly audit: AuditPort;
  readonly write: WriteProbe;
  readonly clock: Clock;
}
