import {
  credentialsSecret,
  poolerUsers,
  prepare,
  readCredentials,
  retire,
  settle,
  switchOver,
  type Credentials,
} from '../../../lib/services/rotation/credentials';
import { partnerOf, rolePair, scramVerifier, verifies } from '../../../lib/services/rotation/roles';
import { homeRegion } from '../../../lib/topology/derive';
import { environmentNamed } from '../../k8s/fixtures';

const region = homeRegion(environmentNamed('lab'));
const INITIAL = { 'superuser-password': 's', 'replication-password': 'r', 'rewind-password': 'w', 'application-password': 'a' };
const HOW = { id: '1', startedAt: '2026-01-01T00:00:00.000Z', compromised: false };

/** As Kubernetes does it: null removes a key. */
const written = (before: Record<string, string>, state: Credentials): Record<string, string> =>
  Object.fromEntries(Object.entries({ ...before, ...credentialsSecret(state) }).filter((entry): entry is [string, string] => entry[1] !== null));

const initial = readCredentials(INITIAL, region);
const prepared = prepare(initial, region, HOW);
const switched = switchOver(prepared, region);
const retired = retire(switched, region);
const settled = settle(retired, region, '2026-01-01T00:01:00.000Z');

const mayLogIn = (state: Credentials): Record<string, boolean> => Object.fromEntries(state.roles.map((r) => [r.name, r.verifier !== null]));

test('a secret that was never rotated has the roles of the model, and nothing is pending', () => {
  expect(initial.active).toEqual({
    application: { user: 'app', password: 'a' },
    replication: { user: 'replicator', password: 'r' },
    rewind: { user: 'rewind', password: 'w' },
  });
  expect(initial.pending).toBeNull();
});

test('both logins are good from the first step until the old one is withdrawn, and never none', () => {
  expect(mayLogIn(prepared)).toMatchObject({ app: true, app_alt: true, replicator: true, replicator_alt: true, rewind: true, rewind_alt: true });
  expect(mayLogIn(switched)).toMatchObject({ app: true, app_alt: true, replicator: true, replicator_alt: true, rewind: true, rewind_alt: true });
  for (const state of [retired, settled]) {
    expect(mayLogIn(state)).toEqual({ postgres: true, app: false, app_alt: true, replicator: false, replicator_alt: true, rewind: false, rewind_alt: true });
  }
});

test('poolers let in exactly those whom the database lets in', () => {
  const users = (state: Credentials): string[] => [...poolerUsers(state).matchAll(/^"([^"]+)"/gm)].map((m) => m[1] ?? '').toSorted();
  expect([prepared, switched, retired, settled].map(users)).toEqual([['app', 'app_alt'], ['app', 'app_alt'], ['app_alt'], ['app_alt']]);
});

test('what was in use stays in use while the new login is made, and its verifier is not made anew by later steps', () => {
  expect(prepared.active).toEqual(initial.active);
  const verifier = (state: Credentials): string | null | undefined => state.roles.find((r) => r.name === 'app_alt')?.verifier;
  expect(verifier(switched)).toBe(verifier(prepared));
  expect(verifier(settled)).toBe(verifier(prepared));
});

test('every state is read back as it was written: a rotation that is interrupted anywhere goes on from there', () => {
  let secret: Record<string, string> = INITIAL;
  for (const state of [prepared, switched, retired, settled]) {
    secret = written(secret, state);
    expect(readCredentials(secret, region)).toEqual(state);
  }
});

test('nothing is left of the old passwords in the end, the superuser’s included', () => {
  const secret = Object.values(
    ['x', prepared, switched, retired, settled].reduce<Record<string, string>>((s, state) => (typeof state === 'string' ? s : written(s, state)), INITIAL),
  );
  expect(secret).not.toContain('a');
  expect(secret).not.toContain('r');
  expect(secret).not.toContain('s');
});

test('a second rotation goes back to the first role, with another password', () => {
  const second = switchOver(prepare(settled, region, { ...HOW, id: '2' }), region);
  expect(second.active.application.user).toBe('app');
  expect(second.active.application.password).not.toBe('a');
});

test('the partner has the rights of the role that owns what the application creates', () => {
  expect(prepared.roles.filter((r) => r.memberOf !== null).map((r) => [r.name, r.memberOf])).toEqual([
    ['app_alt', 'app'],
    ['rewind_alt', 'rewind'],
  ]);
});

test('steps in the wrong order are refused', () => {
  expect(() => prepare(prepared, region, HOW)).toThrow(/pending \(prepared\)/);
  expect(() => switchOver(initial, region)).toThrow(/needs a rotation that is prepared; it is not begun/);
  expect(() => retire(prepared, region)).toThrow(/needs a rotation that is switched; it is prepared/);
  expect(() => settle(switched, region, '')).toThrow(/needs a rotation that is retired/);
});

test('a secret without a password says which', () => {
  expect(() => readCredentials({ ...INITIAL, 'rewind-password': undefined as never }, region)).toThrow(/no key "rewind-password"/);
});

test('a role that is neither of the pair is refused', () => {
  expect(rolePair('app')).toEqual(['app', 'app_alt']);
  expect(() => partnerOf('app', 'mallory')).toThrow(/must be app or app_alt, got "mallory"/);
});

test('the verifier is the one of RFC 7677’s example', () => {
  // Its salted password, stored key and server key for user "user", password "pencil".
  expect(scramVerifier('pencil', Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64'))).toBe(
    'SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=',
  );
  expect(verifies('pencil', scramVerifier('pencil'))).toBe(true);
  expect(verifies('pen', scramVerifier('pencil'))).toBe(false);
});
