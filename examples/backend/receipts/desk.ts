import { createHash, randomBytes } from 'node:crypto';
import type { Clock } from '../clock';
import { Problem, unavailable } from '../http/problem';
import type { Switches } from '../limits/files';
import type { Metrics, Rejection } from '../metrics';
import type { Ledger, Receipt, Unchecked } from './ledger';
import { CLOCK_TOLERANCE_MS, type NonceState, type NonceStore } from './nonces';

export interface DeskParts {
  readonly clock: Clock;
  /** null: the service has no cache, so no challenge can be issued */
  readonly nonces: NonceStore | null;
  readonly ledger: Ledger;
  readonly switches: () => Switches;
  readonly metrics: Metrics;
  readonly lifetimeMs: number;
  readonly onProblem: (error: unknown, what: string) => void;
}

export interface Challenge {
  readonly nonce: string;
  readonly expiresAt: number;
}

const NONCE_BYTES = 32;
const RETRY_AFTER_SECONDS = 5;
const ANSWERS: Readonly<Record<Exclude<Rejection, 'malformed_receipt' | 'invalid_signature'>, readonly [number, string]>> = {
  duplicate_nonce: [409, 'this nonce has been used'],
  expired_challenge: [410, 'this challenge has expired, or was never issued'],
};

/**
 * Issues challenges, and takes each receipt once. A nonce is consumed in Redis, which decides fast, and is the key of the receipt's row in the database, which decides for
 * good. When Redis can't be asked, nothing is taken (fail-safe), unless somebody has allowed it by name, with a reason and until a time; then every submission is written down.
 */
export class Desk {
  constructor(private readonly parts: DeskParts) {}

  /** @throws Problem 503 when the challenge could not be checked later */
  async issue(): Promise<Challenge> {
    const { clock, lifetimeMs, metrics, nonces, ledger, onProblem } = this.parts;
    const challenge = { nonce: randomBytes(NONCE_BYTES).toString('base64url'), expiresAt: clock.now() + lifetimeMs };
    const issue = nonces === null ? Promise.reject(new Error('no cache')) : nonces.issue(challenge.nonce, challenge.expiresAt);
    const [known, backedUp] = await Promise.allSettled([issue, ledger.backUp(challenge.nonce, challenge.expiresAt)]);
    if (backedUp.status === 'rejected') onProblem(backedUp.reason, 'a challenge has no backup in the database');
    // In the emergency the backup will do: it is what receipts are checked against afterwards.
    if (known.status === 'rejected' && !(this.allowance() !== null && backedUp.status === 'fulfilled')) throw storeAway();
    metrics.challengesIssued.inc();
    return challenge;
  }

  /**
   * @param receipt with a signature that has been verified
   * @returns whether its nonce was checked
   * @throws Problem 409, 410, or 503 when it could not be decided or kept
   */
  async take(receipt: Receipt, remainingMs: () => number): Promise<{ readonly nonceChecked: boolean }> {
    const allowance = this.allowance();
    const state = await this.stateOf(receipt, remainingMs);
    if (state === 'away' && allowance === null) throw storeAway();
    if (allowance !== null) await this.parts.ledger.audit(receipt, state !== 'away', allowance, remainingMs());
    if (state === 'used') throw this.rejection('duplicate_nonce');
    if (state === 'expired' || state === 'unknown') throw this.rejection('expired_challenge');
    const recorded = await this.parts.ledger.record(receipt, remainingMs());
    if (recorded.kind === 'present') throw this.rejection('duplicate_nonce', { accepted: recorded.same });
    return { nonceChecked: state === 'fresh' };
  }

  private allowance(): Unchecked | null {
    const { nonceUnchecked } = this.parts.switches();
    return nonceUnchecked !== null && Date.parse(nonceUnchecked.until) > this.parts.clock.now() ? nonceUnchecked : null;
  }

  private async stateOf(receipt: Receipt, remainingMs: () => number): Promise<NonceState | 'away'> {
    const { nonces, clock, onProblem } = this.parts;
    if (nonces === null) return 'away';
    // The same receipt sent again after an answer that was lost is still the same receipt.
    const fingerprint = createHash('sha256').update(receipt.signature).digest('base64url');
    let state: NonceState;
    try {
      state = await nonces.use(receipt.nonce, fingerprint, clock.now());
    } catch (error) {
      onProblem(error, 'the nonce store did not answer');
      return 'away';
    }
    return state === 'unknown' ? this.stateByBackup(receipt.nonce, remainingMs) : state;
  }

  /** Redis has lost it, or it never was. The database knows which; and its key on the nonce sees to it that it is used once. */
  private async stateByBackup(nonce: string, remainingMs: () => number): Promise<NonceState> {
    const expiry = await this.parts.ledger.expiryOf(nonce, remainingMs());
    if (expiry === undefined) return 'unknown';
    return this.parts.clock.now() > expiry + CLOCK_TOLERANCE_MS ? 'expired' : 'fresh';
  }

  private rejection(reason: keyof typeof ANSWERS, details: Readonly<Record<string, unknown>> = {}): Problem {
    this.parts.metrics.receiptsRejected.inc({ reason });
    const [status, message] = ANSWERS[reason];
    return new Problem(status, reason, message, { details });
  }
}

const storeAway = (): Problem =>
  unavailable('nonce_store_unavailable', 'nonces can not be checked at the moment, and unchecked receipts are not taken', RETRY_AFTER_SECONDS);
