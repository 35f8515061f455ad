import { digestsOf, remedies, type Had, type Wanted } from '../../../agents/cache-keeper/credentials';
import { passwordDigest, usersAcl } from '../../../lib/services/cache-users';

const NODE_TLS = { ca: '/tls/cache/ca.crt', cert: '/tls/cache/tls.crt', key: '/tls/cache/tls.key' };
const users = (...application: readonly string[]): string =>
  usersAcl({
    ...{ application: application.map(passwordDigest), replication: [passwordDigest('r')] },
    ...{ operator: [passwordDigest('o')], synchroniser: [passwordDigest('s')] },
  });
const wanted: Wanted = { users: users('a', 'b'), replicationPassword: 'r', fingerprint: 'F', reading: 'x' };
/** As a server lists them: in another order, and with what a file need not say. */
const listed = (...application: readonly string[]): readonly string[] => [
  `user operator on sanitize-payload #${passwordDigest('o')} ~* resetchannels &* +@all`,
  `user app on sanitize-payload ${application.map((p) => `#${passwordDigest(p)}`).join(' ')} ~* &* -@all +@all`,
  'user default off sanitize-payload resetchannels -@all',
  `user synchroniser on sanitize-payload #${passwordDigest('s')} ~* &* -@all +dump`,
  `user replication on sanitize-payload #${passwordDigest('r')} resetchannels -@all +ping +psync +replconf`,
];
const had = (changes: Partial<Had> = {}): Had => ({ users: listed('b', 'a'), replicationPassword: 'r', fingerprint: 'F', ...changes });
const commands = (changes: Partial<Had>): readonly string[] => remedies(wanted, had(changes), NODE_TLS).map((c) => c.slice(0, 3).join(' '));

test('a node that has what is wanted is left alone, however it writes its users', () => {
  expect(commands({})).toEqual([]);
});

test('a password more or less makes it read its users again', () => {
  expect(commands({ users: listed('a') })).toEqual(['ACL LOAD']);
  expect(commands({ users: listed('a', 'b', 'c') })).toEqual(['ACL LOAD']);
});

test('another password of the replication is handed on, and another certificate makes it read its files again', () => {
  expect(commands({ replicationPassword: 'old' })).toEqual(['CONFIG SET masterauth']);
  expect(commands({ fingerprint: 'E' })).toEqual(['CONFIG SET tls-cert-file']);
});

test('a user whom nobody knows yet makes a difference, the user that is off does not', () => {
  expect(digestsOf(['user default off'])).toBe('');
  expect(digestsOf(['user a on #1 #2'])).not.toBe(digestsOf(['user a on #1 #2', 'user b on #3']));
});
