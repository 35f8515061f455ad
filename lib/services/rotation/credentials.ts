/**
 * The database's credentials as they are kept, and how a rotation changes them: pure. Each state is written as a whole, and each is one in which the database can
 * go on for ever: a rotation that is interrupted anywhere has lost nothing, and goes on from what is written.
 *
 *   (settled) -> prepared: both logins are good -> switched: the new one is in use, both are good -> retired: the old one is refused -> (settled)
 */
import type { Region } from '../../topology/types';
import { PATRONI_CREDENTIALS_FILE, PATRONI_ROLES } from '../patroni';
import {
  CREDENTIAL_USES,
  type CredentialUse,
  type DeclaredRole,
  type Login,
  newPassword,
  partnerOf,
  PASSWORD_KEYS,
  patroniCredentials,
  ROLES_FILE,
  rolePair,
  rolesJson,
  scramVerifier,
  USERNAME_KEYS,
  userlist,
  verifies,
} from './roles';

export const PHASES = ['prepared', 'switched', 'retired'] as const;
export type Phase = (typeof PHASES)[number];

/** A rotation that has begun and has not ended. */
export interface Pending {
  readonly id: string;
  readonly phase: Phase;
  readonly compromised: boolean;
  /** ISO time. */
  readonly startedAt: string;
}

export type Logins = Readonly<Record<CredentialUse, Login>>;

export interface Credentials {
  /** What applications and members use. */
  readonly active: Logins;
  /** While a rotation is pending: the new ones (prepared), or the old ones (switched, retired). */
  readonly other: Logins | null;
  readonly pending: Pending | null;
  /** ISO time of the last rotation's end. */
  readonly rotatedAt: string | null;
  /** What the database was last told. */
  readonly roles: readonly DeclaredRole[];
  readonly superuser: string;
}

export type SecretData = Readonly<Record<string, string>>;

const PENDING_KEY = 'rotation.json';
const ROTATED_AT_KEY = 'rotated-at';
const SUPERUSER_KEY = 'superuser-password';
const otherKey = (use: CredentialUse): string => `other-${PASSWORD_KEYS[use]}`;

/** The first role of each pair. */
export const firstRoles = (region: Region): Readonly<Record<CredentialUse, string>> => ({
  application: region.postgres.applicationRole,
  replication: PATRONI_ROLES.replication,
  rewind: PATRONI_ROLES.rewind,
});

const forEachUse = <T>(make: (use: CredentialUse) => T): Record<CredentialUse, T> =>
  Object.fromEntries(CREDENTIAL_USES.map((use) => [use, make(use)])) as Record<CredentialUse, T>;

/** @throws Error naming what is missing or can't be understood */
export const readCredentials = (data: SecretData, region: Region): Credentials => {
  const text = (key: string): string => data[key] ?? missing(key);
  const first = firstRoles(region);
  const active = forEachUse((use) => ({ user: data[USERNAME_KEYS[use]] ?? first[use], password: text(PASSWORD_KEYS[use]) }));
  const pending = data[PENDING_KEY] === undefined ? null : (JSON.parse(data[PENDING_KEY]) as Pending);
  const other = pending === null ? null : forEachUse((use) => ({ user: partnerOf(first[use], active[use].user), password: text(otherKey(use)) }));
  const roles = data[ROLES_FILE] === undefined ? [] : (JSON.parse(data[ROLES_FILE]) as { roles: readonly DeclaredRole[] }).roles;
  return { active, other, pending, rotatedAt: data[ROTATED_AT_KEY] ?? null, roles, superuser: text(SUPERUSER_KEY) };
};

const missing = (key: string): never => {
  throw new Error(`the Secret with the database's credentials has no key "${key}"`);
};

/** What is written: null removes a key. */
export type SecretChange = Readonly<Record<string, string | null>>;

/** What a cluster that is made anew needs to begin where this one is: who logs in, and with which passwords. */
export const loginsInUse = ({ active, superuser }: Pick<Credentials, 'active' | 'superuser'>): SecretData => ({
  ...Object.fromEntries(
    CREDENTIAL_USES.flatMap((use) => [
      [USERNAME_KEYS[use], active[use].user],
      [PASSWORD_KEYS[use], active[use].password],
    ]),
  ),
  [SUPERUSER_KEY]: superuser,
});

export const credentialsSecret = (state: Credentials): SecretChange => ({
  ...loginsInUse(state),
  ...Object.fromEntries(CREDENTIAL_USES.map((use) => [otherKey(use), state.other?.[use].password ?? null])),
  [PENDING_KEY]: state.pending === null ? null : JSON.stringify(state.pending),
  [ROTATED_AT_KEY]: state.rotatedAt,
  [PATRONI_CREDENTIALS_FILE]: patroniCredentials(state.active),
  [ROLES_FILE]: rolesJson(state.roles),
});

/**
 * Everyone whom PgBouncer lets in, in an order of their own: when only which one is in use changes, the file does not, and PgBouncer isn't told to read it in the very
 * moment in which all clients log in anew.
 */
export const poolerUsers = ({ active, other, pending }: Credentials): string => {
  const logins = [active.application, ...(other === null || pending?.phase === 'retired' ? [] : [other.application])];
  return userlist(logins.toSorted((a, b) => (a.user < b.user ? -1 : 1)));
};

/** With both logins of each purpose, of which the old is refused once it is retired. */
const declare = (state: Omit<Credentials, 'roles'>, known: readonly DeclaredRole[], region: Region): readonly DeclaredRole[] => {
  const first = firstRoles(region);
  const keep = (name: string, password: string): string => {
    const before = known.find((role) => role.name === name)?.verifier;
    return before !== undefined && before !== null && verifies(password, before) ? before : scramVerifier(password);
  };
  const role = (use: CredentialUse, name: string): DeclaredRole => {
    const login = [state.active[use], ...(state.other === null || state.pending?.phase === 'retired' ? [] : [state.other[use]])].find((l) => l.user === name);
    const memberOf = name === first[use] || use === 'replication' ? null : first[use];
    return { name, use, memberOf, verifier: login === undefined ? null : keep(name, login.password) };
  };
  return [
    { name: PATRONI_ROLES.superuser, use: 'superuser', memberOf: null, verifier: keep(PATRONI_ROLES.superuser, state.superuser) },
    ...CREDENTIAL_USES.flatMap((use) => rolePair(first[use]).map((name) => role(use, name))),
  ];
};

const next = (state: Credentials, change: Partial<Credentials>, region: Region): Credentials => {
  const changed = { ...state, ...change };
  return { ...changed, roles: declare(changed, state.roles, region) };
};

const inPhase = ({ pending }: Credentials, phase: Phase): Pending => {
  if (pending?.phase !== phase) throw new Error(`this step needs a rotation that is ${phase}; it is ${pending?.phase ?? 'not begun'}`);
  return pending;
};

/** New passwords for the logins that are not in use. @throws Error when a rotation is pending */
export const prepare = (state: Credentials, region: Region, how: Omit<Pending, 'phase'>): Credentials => {
  if (state.pending !== null) throw new Error(`a rotation is pending (${state.pending.phase})`);
  const first = firstRoles(region);
  const other = forEachUse((use) => ({ user: partnerOf(first[use], state.active[use].user), password: newPassword() }));
  return next(state, { other, pending: { ...how, phase: 'prepared' } }, region);
};

/** The new logins become the ones in use. The superuser's password, which nobody uses over the network, has no second version: it is replaced here. */
export const switchOver = (state: Credentials, region: Region): Credentials => {
  const pending = inPhase(state, 'prepared');
  if (state.other === null) throw new Error('a prepared rotation has new logins, and there are none');
  const change = { active: state.other, other: state.active, superuser: newPassword(), pending: { ...pending, phase: 'switched' as const } };
  return next(state, change, region);
};

/** The old logins are refused from now on. */
export const retire = (state: Credentials, region: Region): Credentials =>
  next(state, { pending: { ...inPhase(state, 'switched'), phase: 'retired' } }, region);

/** The old passwords are forgotten. */
export const settle = (state: Credentials, region: Region, at: string): Credentials => {
  inPhase(state, 'retired');
  return next(state, { other: null, pending: null, rotatedAt: at }, region);
};
