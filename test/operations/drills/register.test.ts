import { drillRegister } from '../../../lib/operations/drills/register';
import type { Proof } from '../../../lib/operations/drills/proof';
import { proof, scheduled } from './world';

const NOW = Date.parse('2026-11-22T12:00:00Z');
const rowOf = (...proofs: readonly Proof[]): object => drillRegister(scheduled(), proofs, NOW)[0] ?? {};

test('the register has a row for every drill of the schedule, in its order', () =>
  expect(drillRegister(scheduled(), [], NOW).map((row) => [row.drill, row.every, row.standing])).toEqual([
    ['primary-node-dies', 'month', 'never'],
    ['az-lost', 'quarter', 'never'],
    ['credentials-compromised', 'half-year', 'never'],
  ]));

test('a proof stands for its cadence and the grace', () =>
  expect(rowOf(proof('primary-node-dies', '2026-11-03T08:00:00Z'))).toMatchObject({
    standing: 'fresh',
    // 31 and 14 days later.
    staleFrom: '2026-12-18T08:00:00.000Z',
    next: '2026-12-01T08:00:00.000Z',
  }));

test('a proof that is too old is stale, and the drill comes as soon as possible', () =>
  expect(rowOf(proof('primary-node-dies', '2026-10-01T08:00:00Z'))).toMatchObject({ standing: 'stale', next: '2026-11-24T08:00:00.000Z' }));

test('it becomes stale at that very moment', () => {
  const own = [proof('primary-node-dies', '2026-10-01T08:00:00Z')];
  const stands = (now: string): unknown => drillRegister(scheduled(), own, Date.parse(now))[0]?.standing;
  expect([stands('2026-11-15T07:59:59Z'), stands('2026-11-15T08:00:00Z')]).toEqual(['fresh', 'stale']);
});

test('a failure after a pass takes the proof away', () =>
  expect(rowOf(proof('primary-node-dies', '2026-11-03T08:00:00Z'), proof('primary-node-dies', '2026-11-10T08:00:00Z', { verdict: 'fail' }))).toMatchObject({
    standing: 'failed',
    last: { verdict: 'fail' },
  }));

test('a run that could not be judged changes nothing but the last run', () =>
  expect(rowOf(proof('primary-node-dies', '2026-11-03T08:00:00Z'), proof('primary-node-dies', '2026-11-10T08:00:00Z', { verdict: 'unknown' }))).toMatchObject({
    standing: 'fresh',
    last: { verdict: 'unknown', at: '2026-11-10T08:00:00Z' },
  }));

test('a laboratory’s report is shown, and proves nothing of this environment', () =>
  expect(rowOf(proof('primary-node-dies', '2026-11-20T08:00:00Z', { kind: 'lab', environment: 'lab' }))).toMatchObject({
    standing: 'never',
    last: null,
    lab: { at: '2026-11-20T08:00:00Z' },
  }));

test('nor does signed evidence of another environment', () =>
  expect(rowOf(proof('primary-node-dies', '2026-11-20T08:00:00Z', { environment: 'staging' }))).toMatchObject({ standing: 'never', last: null, lab: null }));
