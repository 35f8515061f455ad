import { damageFindings, soundFindings, type Evidence, type Verification } from '../../../lib/drill/backups/verified';

const EVIDENCE: Evidence = {
  backup: '20261122-100000F',
  finishedAt: '2026-11-22T10:01:00.000+00:00',
  verified: true,
  amcheck: 'sound',
  rows: { 'public.t': 100 },
  newestCommitAgeSeconds: 12,
  recoveredSeconds: 8,
  checkedSeconds: 2,
  databaseBytes: 1e6,
};
const run = (changes: Partial<Verification> = {}): Verification => ({ exitCode: 0, said: '', evidence: EVIDENCE, files: ['20261122T100100.json'], ...changes });
const SOUND = { table: 'public.t', rows: 100, newestCommitAge: 60 };
const verdicts = (findings: readonly { readonly check: string; readonly verdict: string }[]): Record<string, string> =>
  Object.fromEntries(findings.map((f) => [f.check, f.verdict]));

test('a sound backup with evidence of every row passes', () => {
  expect(verdicts(soundFindings('verified', run(), SOUND))).toEqual({ verified: 'pass', 'verified-rows': 'pass', 'verified-young': 'pass' });
});

test.each<[string, string, Partial<Verification>]>([
  ['it failed', 'verified', { exitCode: 1, evidence: null }],
  ['it left no evidence', 'verified', { files: [] }],
  ['amcheck found something', 'verified', { evidence: { ...EVIDENCE, amcheck: 'heap tuple lacks matching index tuple' } }],
  ['a row is missing in it', 'verified-rows', { evidence: { ...EVIDENCE, rows: { 'public.t': 99 } } }],
  ['the table is missing in it', 'verified-rows', { evidence: { ...EVIDENCE, rows: {} } }],
  ['its newest commit is too old', 'verified-young', { evidence: { ...EVIDENCE, newestCommitAgeSeconds: 61 } }],
  ['nobody knows how old it is', 'verified-young', { evidence: { ...EVIDENCE, newestCommitAgeSeconds: null } }],
])('a sound backup is not taken for verified when %s', (_, check, changes) => {
  expect(verdicts(soundFindings('verified', run(changes), SOUND))[check]).toBe('fail');
});

describe('damage', () => {
  const found = run({ exitCode: 1, evidence: null, files: [], said: 'checksum of file base/1 does not match' });
  test('that was found passes', () => {
    expect(verdicts(damageFindings('damage', found, /checksum/))).toEqual({ damage: 'pass', 'damage-no-evidence': 'pass' });
  });
  test.each<[string, string, Verification]>([
    ['was not found', 'damage', run()],
    ['crashed the command', 'damage', { ...found, exitCode: 70 }],
    ['was not named', 'damage', { ...found, said: 'something is wrong' }],
    ['left evidence all the same', 'damage-no-evidence', { ...found, files: ['x.json'] }],
  ])('that %s fails', (_, check, verification) => {
    expect(verdicts(damageFindings('damage', verification, /checksum/))[check]).toBe('fail');
  });
});
