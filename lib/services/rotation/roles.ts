/**
 * Two login roles for each purpose, used in turn: a new version of a password is a password of the other role, so that the old one stays good until nobody uses it.
 * (A role of PostgreSQL has one password.)
 */
import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';
import { stringify } from 'yaml';

export const CREDENTIAL_USES = ['application', 'replication', 'rewind'] as const;
export type CredentialUse = (typeof CREDENTIAL_USES)[number];

/** Keys of the Secret `postgres-credentials`: the login in use for each purpose. Absent until the first rotation. */
export const USERNAME_KEYS = {
  application: 'application-username',
  replication: 'replication-username',
  rewind: 'rewind-username',
} as const satisfies Record<CredentialUse, string>;
export const PASSWORD_KEYS = {
  application: 'application-password',
  replication: 'replication-password',
  rewind: 'rewind-password',
} as const satisfies Record<CredentialUse, string>;

const PARTNER_SUFFIX = '_alt';

/** The first owns what the application creates, and is the one in use until the first rotation. */
export const rolePair = (first: string): readonly [string, string] => [first, `${first}${PARTNER_SUFFIX}`];

/** @throws Error when `role` is neither of the pair */
export const partnerOf = (first: string, role: string): string => {
  const [a, b] = rolePair(first);
  if (role !== a && role !== b) throw new Error(`the role in use must be ${a} or ${b}, got "${role}"`);
  return role === a ? b : a;
};

export interface Login {
  readonly user: string;
  readonly password: string;
}

/** Letters and digits only: it passes through JSON, YAML, connection strings and PgBouncer's list. */
export const newPassword = (): string => {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
  // 62 divides 248: bytes above that are thrown away, so that every letter is as likely
  let text = '';
  while (text.length < 40) text += [...randomBytes(64)].map((byte) => (byte < 248 ? alphabet.charAt(byte % 62) : '')).join('');
  return text.slice(0, 40);
};

const ITERATIONS = 4096;

/** What PostgreSQL keeps of a password (RFC 5803): from it nobody can log in. */
export const scramVerifier = (password: string, salt: Buffer = randomBytes(16)): string => {
  const salted = pbkdf2Sync(password, salt, ITERATIONS, 32, 'sha256');
  const key = (name: string): Buffer => createHmac('sha256', salted).update(name).digest();
  const stored = createHash('sha256').update(key('Client Key')).digest('base64');
  return `SCRAM-SHA-256$${ITERATIONS}:${salt.toString('base64')}$${stored}:${key('Server Key').toString('base64')}`;
};

/** Whether a password belongs to a verifier. */
export const verifies = (password: string, verifier: string): boolean => {
  const salt = /^SCRAM-SHA-256\$4096:([^$]+)\$/.exec(verifier)?.[1];
  return salt !== undefined && scramVerifier(password, Buffer.from(salt, 'base64')) === verifier;
};

/** What holdfast-credentials makes true in the database. */
export interface DeclaredRole {
  readonly name: string;
  readonly use: CredentialUse | 'superuser';
  /** The role whose rights this one has; null: its own. */
  readonly memberOf: string | null;
  /** null: may not log in, and its sessions end. */
  readonly verifier: string | null;
}

export const ROLES_FILE = 'roles.json';
export const rolesJson = (roles: readonly DeclaredRole[]): string => `${JSON.stringify({ roles }, null, 2)}\n`;

/** PgBouncer's list of users: everyone whose password is good. */
export const userlist = (logins: readonly Login[]): string => logins.map(({ user, password }) => `${inQuotes(user)} ${inQuotes(password)}\n`).join('');

const inQuotes = (text: string): string => `"${text.replaceAll('"', '""')}"`;

/** Whom Patroni logs in as, beside its own configuration. */
export const patroniCredentials = (logins: Readonly<Record<'replication' | 'rewind', Login>>): string => {
  const authentication = Object.fromEntries(Object.entries(logins).map(([use, { user, password }]) => [use, { username: user, password }]));
  return stringify({ postgresql: { authentication } }, { version: '1.1', lineWidth: 0 });
};
