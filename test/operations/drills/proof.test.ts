import { EVIDENCE_SCHEMA, type EvidenceStatement } from '../../../lib/operations/drills/evidence';
import { proofOf } from '../../../lib/operations/drills/proof';

const statement: EvidenceStatement = {
  schema: EVIDENCE_SCHEMA,
  drill: 'az-lost',
  environment: 'production',
  ranIn: 'production',
  verdict: 'pass',
  startedAt: '2026-11-25T08:00:00Z',
  recordedAt: '2026-11-25T08:30:00Z',
  recordedBy: 'alice',
  approvedBy: null,
  reportDigest: 'sha256:0',
};

test('a drill that was run where it is to prove something is a proof', () =>
  expect(proofOf(statement, 'a.json')).toEqual({
    drill: 'az-lost',
    environment: 'production',
    ranIn: 'production',
    at: statement.startedAt,
    verdict: 'pass',
    kind: 'signed',
    source: 'a.json',
  }));
test('one that a machine carries out in production is not proved by a laboratory, whoever signs it', () =>
  expect(proofOf({ ...statement, ranIn: 'lab' }, 'a.json')).toMatch(/was run in "lab", and only exercises/));
test('an exercise of people may be held elsewhere', () =>
  expect(proofOf({ ...statement, drill: 'credentials-compromised', ranIn: 'lab' }, 'a.json')).toMatchObject({ environment: 'production', ranIn: 'lab' }));
test('a drill that is not in the catalogue proves nothing', () => expect(proofOf({ ...statement, drill: 'earthquake' }, 'a.json')).toMatch(/not in the catalogue/));
test('nor does one at no time', () => expect(proofOf({ ...statement, startedAt: 'yesterday' }, 'a.json')).toMatch(/no time/));
