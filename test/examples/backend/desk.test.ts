import { NO_SWITCHES, type Switches } from '../../../examples/backend/limits/files';
import { createMetrics } from '../../../examples/backend/metrics';
import { Desk } from '../../../examples/backend/receipts/desk';
import { newUser, receiptBy } from './client';
import { FakeLedger, FakeNonces } from './fakes';

const LIFETIME_MS = 60_000;
const NOW = Date.parse('2026-11-22T12:00:00Z');
const user = newUser();
const remaining = (): number => 1000;

const desk = () => {
  const state = { now: NOW, switches: NO_SWITCHES, problems: [] as string[] };
  const nonces = new FakeNonces();
  const ledger = new FakeLedger();
  const metrics = createMetrics();
  const parts = { clock: { now: () => state.now }, nonces, ledger, switches: () => state.switches, metrics, lifetimeMs: LIFETIME_MS };
  const onProblem = (_error: unknown, what: string): void => void state.problems.push(what);
  return { state, nonces, ledger, metrics, desk: new Desk({ ...parts, onProblem }) };
};
const allowed: Switches = { ...NO_SWITCHES, nonceUnchecked: { by: 'ann', reason: 'the store burns', until: '2026-11-22T13:00:00Z' } };

const rejections = async (metrics: ReturnType<typeof createMetrics>): Promise<Record<string, number>> =>
  Object.fromEntries((await metrics.receiptsRejected.get()).values.map(({ labels, value }) => [String(labels.reason), value]));

describe('a challenge', () => {
  test('is known to the store and backed up in the database', async () => {
    const { desk: d, nonces, ledger } = desk();
    const { nonce, expiresAt } = await d.issue();
    expect(expiresAt).toBe(NOW + LIFETIME_MS);
    expect(nonces.known.get(nonce)?.expiresAt).toBe(expiresAt);
    expect(ledger.challenges.get(nonce)).toBe(expiresAt);
  });

  test('is issued without a backup while the database is away, which is said', async () => {
    const { desk: d, ledger, state } = desk();
    ledger.away = true;
    await expect(d.issue()).resolves.toMatchObject({ expiresAt: NOW + LIFETIME_MS });
    expect(state.problems).toEqual(['a challenge has no backup in the database']);
  });

  test('is not issued while the store is away: nobody could check it', async () => {
    const { desk: d, nonces } = desk();
    nonces.away = true;
    await expect(d.issue()).rejects.toMatchObject({ status: 503, code: 'nonce_store_unavailable' });
  });
});

describe('a clock that is wrong', () => {
  test.each([
    ['a second before its end', LIFETIME_MS - 1000, 'taken'],
    ['within the tolerance of a second', LIFETIME_MS + 900, 'taken'],
    ['after it', LIFETIME_MS + 1100, 'expired_challenge'],
    ['an hour fast, at once', 3_600_000, 'expired_challenge'],
    ['an hour slow, at once', -3_600_000, 'taken'],
  ])('%s: the receipt is %s', async (_name, offset, outcome) => {
    const { desk: d, state, metrics } = desk();
    const { nonce } = await d.issue();
    state.now = NOW + offset;
    const answer = await d.take(receiptBy(user, nonce), remaining).then(
      () => 'taken',
      (error: unknown) => (error as { code: string }).code,
    );
    expect(answer).toBe(outcome);
    expect((await rejections(metrics))['expired_challenge']).toBe(outcome === 'taken' ? 0 : 1);
  });
});

describe('a receipt', () => {
  test('is taken once; the same again is a duplicate that was accepted, another one is not', async () => {
    const { desk: d, metrics } = desk();
    const { nonce } = await d.issue();
    await expect(d.take(receiptBy(user, nonce), remaining)).resolves.toEqual({ nonceChecked: true });
    await expect(d.take(receiptBy(user, nonce), remaining)).rejects.toMatchObject({ status: 409, details: { accepted: true } });
    await expect(d.take(receiptBy(user, nonce, 'b'.repeat(64)), remaining)).rejects.toMatchObject({ status: 409, code: 'duplicate_nonce' });
    expect((await rejections(metrics))['duplicate_nonce']).toBe(2);
  });

  test('whose answer was lost with the database can be sent again', async () => {
    const { desk: d, ledger } = desk();
    const { nonce } = await d.issue();
    const receipt = receiptBy(user, nonce);
    ledger.away = true;
    await expect(d.take(receipt, remaining)).rejects.toThrow('ECONNREFUSED');
    ledger.away = false;
    await expect(d.take(receipt, remaining)).resolves.toEqual({ nonceChecked: true });
  });

  test('is judged by the backup when the store has lost the nonce, and used once by the key of its row', async () => {
    const { desk: d, nonces } = desk();
    const { nonce } = await d.issue();
    nonces.known.clear();
    await expect(d.take(receiptBy(user, nonce), remaining)).resolves.toEqual({ nonceChecked: true });
    await expect(d.take(receiptBy(user, nonce, 'b'.repeat(64)), remaining)).rejects.toMatchObject({ status: 409, details: { accepted: false } });
  });

  test('is judged by the backup with its expiry, too', async () => {
    const { desk: d, nonces, state } = desk();
    const { nonce } = await d.issue();
    nonces.known.clear();
    state.now += LIFETIME_MS + 2000;
    await expect(d.take(receiptBy(user, nonce), remaining)).rejects.toMatchObject({ status: 410, code: 'expired_challenge' });
  });
});

describe('without the nonce store', () => {
  test('nothing is taken', async () => {
    const { desk: d, nonces, ledger } = desk();
    const { nonce } = await d.issue();
    nonces.away = true;
    await expect(d.take(receiptBy(user, nonce), remaining)).rejects.toMatchObject({ status: 503, retryAfterSeconds: 5 });
    expect(ledger.receipts.size).toBe(0);
  });

  test('in an emergency somebody answers for, everything is taken and written down with who and why', async () => {
    const { desk: d, nonces, ledger, state } = desk();
    const { nonce } = await d.issue();
    nonces.away = true;
    state.switches = allowed;
    await expect(d.take(receiptBy(user, nonce), remaining)).resolves.toEqual({ nonceChecked: false });
    await expect(d.take(receiptBy(user, nonce), remaining)).rejects.toMatchObject({ status: 409 });
    expect(ledger.audited).toHaveLength(2);
    expect(ledger.audited[0]).toMatchObject({ nonceChecked: false, why: { by: 'ann', reason: 'the store burns' } });
  });

  test('the emergency ends at its time', async () => {
    const { desk: d, nonces, state } = desk();
    const { nonce } = await d.issue();
    nonces.away = true;
    state.switches = allowed;
    state.now = Date.parse('2026-11-22T13:00:01Z');
    await expect(d.take(receiptBy(user, nonce), remaining)).rejects.toMatchObject({ status: 503 });
  });

  test('in the emergency a nonce is still checked where it can be, and written down as checked', async () => {
    const { desk: d, ledger, state } = desk();
    state.switches = allowed;
    const { nonce } = await d.issue();
    await expect(d.take(receiptBy(user, nonce), remaining)).resolves.toEqual({ nonceChecked: true });
    expect(ledger.audited[0]).toMatchObject({ nonceChecked: true });
    await expect(d.take(receiptBy(user, 'z'.repeat(43)), remaining)).rejects.toMatchObject({ status: 410 });
  });

  test('nothing is taken that could not be written down', async () => {
    const { desk: d, nonces, ledger, state } = desk();
    const { nonce } = await d.issue();
    nonces.away = true;
    ledger.away = true;
    state.switches = allowed;
    await expect(d.take(receiptBy(user, nonce), remaining)).rejects.toThrow('ECONNREFUSED');
  });
});
