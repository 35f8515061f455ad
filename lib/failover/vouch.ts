/**
 * When a region may vouch for another one that can't renew its lease: "I have not been promoted, and nobody is about to promote me". With the word of every other
 * region the holder goes on. Pure.
 */
import { claimsPrimary, type OwnRole, type Promised } from './region-role';

export interface VouchQuestion {
  readonly region: string;
  readonly epoch: number;
  /** When the question arrived, on the clock that `VouchReading.begunAt` uses. */
  readonly arrivedAt: number;
}

export interface VouchReading {
  /** The region that is asked. */
  readonly self: string;
  readonly role: OwnRole;
  readonly promised: Promised | null;
  /** Confirmed by a majority of etcd's members, in this read. */
  readonly linearizable: boolean;
  /** When the read was begun. */
  readonly begunAt: number;
}

export interface Vouch {
  readonly vouches: boolean;
  readonly because: string;
}

const no = (because: string): Vouch => ({ vouches: false, because });

/**
 * @param reading undefined: etcd did not answer
 * A promise that is being written while the question is answered is seen, or the answer was given before it: in both cases the deadline that follows from the answer
 * counts from before the question, and so from before the promise. That holds only for a read that was begun after the question arrived.
 */
export const mayVouch = (question: VouchQuestion, reading: VouchReading | undefined): Vouch => {
  if (reading === undefined) return no('its etcd does not answer');
  const { self, role, promised, linearizable, begunAt } = reading;
  if (question.region === self) return no(`${self} does not vouch for itself`);
  if (!linearizable || begunAt < question.arrivedAt) return no('what it knows of its own etcd is older than the question');
  if (!role.initialized) return no(`${self} has no cluster, and does not know what it was`);
  if (claimsPrimary(role)) return no(`${self} is primary itself, in epoch ${role.epoch}`);
  if (role.epoch > question.epoch) return no(`${self} knows epoch ${role.epoch}, later than ${question.epoch}`);
  if (promised !== null && promised.epoch >= question.epoch) return no(`${self} has promised epoch ${promised.epoch} to ${promised.execution}`);
  return { vouches: true, because: `${self} follows, knows epoch ${role.epoch} and has promised nothing beyond` };
};
