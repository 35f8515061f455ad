import {
  authoritySecret,
  introduce,
  leaveOld,
  readAuthority,
  settleAuthority,
  signWithNext,
  trusted,
  type Authority,
  type KeyPair,
} from '../../../lib/services/rotation/authority';

const OLD: KeyPair = { certificate: 'OLD', key: 'old key' };
const NEW: KeyPair = { certificate: 'NEW', key: 'new key' };
const settled: Authority = { current: OLD, other: null, phase: null, rotatedAt: null };
const trusting = introduce(settled, NEW);
const signing = signWithNext(trusting);
const leaving = leaveOld(signing);
const replaced = settleAuthority(leaving, '2026-01-01T00:00:00.000Z');

test('nobody signs who is not trusted by everybody, and nobody is dropped while certificates of theirs are in use', () => {
  expect([settled, trusting, signing, leaving, replaced].map((state) => [state.current.certificate, trusted(state).split('\n').filter(Boolean)])).toEqual([
    ['OLD', ['OLD']],
    ['OLD', ['OLD', 'NEW']],
    ['NEW', ['NEW', 'OLD']],
    ['NEW', ['NEW']],
    ['NEW', ['NEW']],
  ]);
});

test('every state is read back as it was written', () => {
  let secret: Record<string, string> = { 'tls.crt': 'OLD', 'tls.key': 'old key' };
  for (const state of [trusting, signing, leaving, replaced]) {
    secret = Object.fromEntries(Object.entries({ ...secret, ...authoritySecret(state) }).filter((e): e is [string, string] => e[1] !== null));
    expect(readAuthority(secret)).toEqual(state);
  }
  expect(JSON.stringify(secret)).not.toContain('old key');
});

test('steps in the wrong order are refused', () => {
  expect(() => introduce(trusting, NEW)).toThrow(/being replaced already \(trusting\)/);
  expect(() => signWithNext(settled)).toThrow(/only an authority that is trusted may sign/);
  expect(() => leaveOld(trusting)).toThrow(/it is trusting/);
  expect(() => settleAuthority(signing, '')).toThrow(/it is signing/);
});

test('a secret without a key is no authority', () => expect(() => readAuthority({ 'tls.crt': 'OLD' })).toThrow(/must have tls.crt and tls.key/));
