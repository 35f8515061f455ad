import type { Database } from './database';

/** Made by the service itself, by whichever pod comes first; every statement may run again. */
const TABLES = `
CREATE TABLE IF NOT EXISTS orders (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  owner text NOT NULL,
  idempotency_key text NOT NULL,
  fingerprint text NOT NULL,
  item text NOT NULL,
  quantity integer NOT NULL CHECK (quantity > 0),
  repeats integer NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (owner, idempotency_key)
);
CREATE TABLE IF NOT EXISTS sessions (
  id uuid PRIMARY KEY,
  subject text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL
);
CREATE TABLE IF NOT EXISTS challenges (
  nonce text PRIMARY KEY,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL
);
CREATE TABLE IF NOT EXISTS receipts (
  nonce text PRIMARY KEY,
  submitter text NOT NULL,
  result text NOT NULL,
  signature text NOT NULL,
  repeats integer NOT NULL DEFAULT 0,
  submitted_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE IF NOT EXISTS receipt_audit (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  nonce text NOT NULL,
  submitter text NOT NULL,
  result text NOT NULL,
  signature text NOT NULL,
  nonce_checked boolean NOT NULL,
  allowed_by text NOT NULL,
  reason text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE IF NOT EXISTS events (
  id text PRIMARY KEY,
  type text NOT NULL,
  payload jsonb NOT NULL,
  repeats integer NOT NULL DEFAULT 0,
  queued boolean NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);
`;

/** Any number, the same for all pods: two that make tables at once would fail each other. */
const LOCK = 72_010_821;
const NEWEST_TABLE = 'events';

/** @throws the database's error; may be called again */
export const ensureSchema = async (database: Database): Promise<void> => {
  const present = await database.once<{ made: boolean }>({ text: 'SELECT to_regclass($1) IS NOT NULL AS made', values: [NEWEST_TABLE] });
  if (present.rows[0]?.made === true) return;
  // Several statements in one message are one transaction, which holds the lock to its end.
  await database.once({ text: `SELECT pg_advisory_xact_lock(${LOCK}); ${TABLES}` });
};
