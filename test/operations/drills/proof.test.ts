import { EVIDENCE_SCHEMA, type EvidenceStatement } from '../../../lib/operations/drills/evidence';
import { ownProofs, proofOf } from '../../../lib/operations/drills/proof';
import { proof, scheduled } from './world';

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
test('what a machine carries out in production is not proved by a laboratory, whoever signs it', () => {
  const elsewhere = [proof('az-lost', statement.startedAt, { ranIn: 'lab' })];
  expect(ownProofs(elsewhere, scheduled(), 'az-lost')).toEqual([]);
});
test('an exercise of people may be held elsewhere, and without a failover of regions every drill is one', () => {
  expect(ownProofs([proof('credentials-compromised', statement.startedAt, { ranIn: 'lab' })], scheduled(), 'credentials-compromised')).toHaveLength(1);
  expect(ownProofs([proof('az-lost', statement.startedAt, { ranIn: 'lab' })], { ...scheduled(), failover: null }, 'az-lost')).toHaveLength(1);
});
test('a drill that is not in the catalogue proves nothing', () =>
  expect(proofOf({ ...statement, drill: 'earthquake' }, 'a.json')).toMatch(/not in the catalogue/));
test('nor does one at no time', () => expect(proofOf({ ...statement, startedAt: 'yesterday' }, 'a.json')).toMatch(/no time/));
