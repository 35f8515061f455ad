import type { Database } from '../database/database';

export interface Receipt {
  readonly nonce: string;
  /** did:key */
  readonly submitter: string;
  /** SHA-256 of the work's result, hexadecimal. */
  readonly result: string;
  /** base64url */
  readonly signature: string;
}

/** Why a receipt was taken although its nonce could not be checked. */
export interface Unchecked {
  readonly by: string;
  readonly reason: string;
}

export type Recorded = { readonly kind: 'recorded' } | { readonly kind: 'present'; readonly same: boolean };

/** Receipts and challenges in the database: what stays, and what says the last word on a nonce. */
export interface Ledger {
  backUp(nonce: string, expiresAt: number): Promise<void>;
  /** When a challenge that was issued expires; undefined: there is none of that name. */
  expiryOf(nonce: string, deadlineMs: number): Promise<number | undefined>;
  record(receipt: Receipt, deadlineMs: number): Promise<Recorded>;
  audit(receipt: Receipt, nonceChecked: boolean, why: Unchecked, deadlineMs: number): Promise<void>;
}

const BACKUP_TIMEOUT_MS = 500;
/** Written to again where it is present: an answer must not rest on a row that no standby has yet. */
const RECORD = `
INSERT INTO receipts AS present (nonce, submitter, result, signature) VALUES ($1, $2, $3, $4)
ON CONFLICT (nonce) DO UPDATE SET repeats = present.repeats + 1
RETURNING repeats, signature`;
const AUDIT = `INSERT INTO receipt_audit (nonce, submitter, result, signature, nonce_checked, allowed_by, reason) VALUES ($1, $2, $3, $4, $5, $6, $7)`;
const BACK_UP = 'INSERT INTO challenges (nonce, expires_at) VALUES ($1, to_timestamp($2 / 1000.0)) ON CONFLICT DO NOTHING';
const EXPIRY = 'SELECT extract(epoch FROM expires_at)::float8 * 1000 AS expires FROM challenges WHERE nonce = $1';

export class DatabaseLedger implements Ledger {
  constructor(private readonly database: Database) {}

  async backUp(nonce: string, expiresAt: number): Promise<void> {
    await this.database.once({ text: BACK_UP, values: [nonce, expiresAt] }, BACKUP_TIMEOUT_MS);
  }

  async expiryOf(nonce: string, deadlineMs: number): Promise<number | undefined> {
    const { rows } = await this.database.retried<{ expires: number }>({ text: EXPIRY, values: [nonce] }, deadlineMs);
    return rows[0]?.expires;
  }

  async record({ nonce, submitter, result, signature }: Receipt, deadlineMs: number): Promise<Recorded> {
    const statement = { text: RECORD, values: [nonce, submitter, result, signature] };
    const [row] = (await this.database.retried<{ repeats: number; signature: string }>(statement, deadlineMs)).rows;
    if (row === undefined) throw new Error('an upsert returned no row');
    return row.repeats === 0 ? { kind: 'recorded' } : { kind: 'present', same: row.signature === signature };
  }

  async audit({ nonce, submitter, result, signature }: Receipt, nonceChecked: boolean, { by, reason }: Unchecked, deadlineMs: number): Promise<void> {
    await this.database.retried({ text: AUDIT, values: [nonce, submitter, result, signature, nonceChecked, by, reason] }, deadlineMs);
  }
}
