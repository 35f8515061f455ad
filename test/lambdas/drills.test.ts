import { generateKeyPairSync } from 'node:crypto';
import { makeGuard, type GuardEyes } from '../../lambdas/drill-guard';
import { makeRecord } from '../../lambdas/drill-record';
import { registerLines, standsFor } from '../../lambdas/drill-register';
import { makeStart } from '../../lambdas/drill-start';
import { drillReport, type Outcome } from '../../lambdas/drills/report';
import { Writer, type Connection } from '../../lambdas/drills/writer';
import { readReport } from '../../lib/drill/report';
import { checkEvidence, fileSigner, fingerprint } from '../../lib/operations/drills/evidence';
import { drillSettings } from '../../lib/operations/drills/settings';
import { proof, scheduled } from '../operations/drills/world';

const settings = drillSettings(scheduled());
const NOW = Date.parse('2026-11-25T08:00:00Z');
const event = { drill: 'az-lost', askedBy: 'schedule', run: 'r1' };
const seen = { proofs: [proof('primary-node-dies', '2026-11-03T08:00:00Z')], alarms: [{ AlarmName: 'checkout-errors', StateValue: 'OK' }] };
const never = (): Promise<never> => Promise.reject(new Error('no answer'));
const clear: GuardEyes = {
  now: () => NOW,
  incident: () => Promise.resolve(null),
  running: () => Promise.resolve(null),
  failover: () => Promise.resolve(false),
  approval: () => Promise.resolve(null),
};

beforeAll(() => void jest.spyOn(process.stdout, 'write').mockReturnValue(true));
afterAll(() => jest.restoreAllMocks());

describe('the guard', () => {
  const answer = (eyes: Partial<GuardEyes>, given: object = { ...event, ...seen }) => makeGuard(settings, { ...clear, ...eyes })(given);
  test('lets a drill run that is due', async () => expect(await answer({})).toMatchObject({ kind: 'run', runner: 'fault' }));
  test.each([
    ['the journal', { incident: never }],
    ['what runs', { running: never }],
    ['the lease', { failover: never }],
  ])('refuses when %s does not answer', async (_, eyes) => expect(await answer(eyes)).toMatchObject({ kind: 'refuse' }));
  test.each([['proofs'], ['alarms']])('refuses when the state before it has not seen %s', async (key) =>
    expect(await answer({}, { ...event, ...seen, [key]: undefined })).toMatchObject({ kind: 'refuse' }),
  );
  test('says everything that is wrong with what it was asked', async () =>
    expect(answer({}, { drill: 'earthquake', askedBy: 'me' })).rejects.toThrow(/drill: given "earthquake"; allowed: primary-node-dies.*\naskedBy: .*\nrun: /s));
});

describe('the start', () => {
  const templates = { node: 'EXT1', zone: { 'eu-central-1a': 'EXTa', 'eu-central-1b': 'EXTb', 'eu-central-1c': 'EXTc' } };
  const ports = { now: () => NOW, claim: () => Promise.resolve(true), primary: () => Promise.resolve('pg-euc1-1') };
  test('hits the zone that the primary is in, and sets the dead man’s timer', async () =>
    expect(await makeStart(settings, templates, ports)(event)).toMatchObject({
      template: 'EXTb',
      zone: 'eu-central-1b',
      deadManAt: 'at(2026-11-25T08:30:00)',
    }));
  test('does not begin beside another drill', async () =>
    expect(makeStart(settings, templates, { ...ports, claim: () => Promise.resolve(false) })(event)).rejects.toThrow(/two are never run at once/));
  test('does not guess where the primary is', async () =>
    expect(makeStart(settings, templates, { ...ports, primary: () => Promise.resolve('other-1') })(event)).rejects.toThrow(/allowed: pg-euc1-<number>/));
});

const good: Outcome = {
  drill: 'az-lost',
  run: 'r1',
  startedAt: '2026-11-25T08:00:00.000Z',
  experiment: { id: 'EXP1', status: 'completed', reason: '' },
  meter: { acknowledged: 5000, gapSeconds: 12, open: false, errors: 9, lost: [] },
  error: null,
};
describe('the verdict', () => {
  const verdict = (changes: Partial<Outcome>): string => drillReport(settings, { ...good, ...changes }).summary.verdict;
  const meter = (changes: object): Partial<Outcome> => ({ meter: { ...good.meter!, ...changes } });
  test('is a pass when all is as promised', () => expect(verdict({})).toBe('pass'));
  test.each<[string, Partial<Outcome>]>([
    ['an alarm stopped it', { experiment: { id: 'EXP1', status: 'stopped', reason: 'alarm' } }],
    ['the gap is longer than promised', meter({ gapSeconds: 31 })],
    ['nobody was served at the end', meter({ open: true })],
    ['a row is missing', meter({ lost: [[7, 7]] })],
  ])('is a failure when %s', (_, changes) => expect(verdict(changes)).toBe('fail'));
  test.each<[string, Partial<Outcome>]>([
    ['nobody wrote along', { meter: null }],
    ['nothing was acknowledged', meter({ acknowledged: 0 })],
    ['the rows could not be looked for', meter({ lost: null })],
    ['nobody noticed the fault', meter({ errors: 0 })],
    ['nothing was injected', { experiment: null }],
    ['the procedure broke', { error: 'Lambda.Unknown: x' }],
  ])('is unknown when %s', (_, changes) => expect(verdict(changes)).toBe('unknown'));
  test('is in a report of the published format', () => expect(readReport(JSON.stringify(drillReport(settings, good))).summary.verdict).toBe('pass'));
});

test('the record is genuine evidence, also of a drill that broke half-way', async () => {
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const kept: string[] = [];
  const write = (_: string, text: string): Promise<void> => Promise.resolve(void kept.push(text));
  const answer = await makeRecord(settings, { now: () => NOW, signer: fileSigner(pair.privateKey), write })({
    ...event,
    error: { Error: 'States.Timeout', Cause: 'x' },
  });
  expect(answer).toMatchObject({ verdict: 'unknown', evidence: 'shop/az-lost/2026-11-25T08-00-00-000Z.json' });
  expect(checkEvidence(kept[0] ?? '', [fingerprint(pair.publicKey)]).kind).toBe('genuine');
});

test('the register says how long each proof stands: nothing for what was never proved', () => {
  const lines = registerLines(settings, [proof('primary-node-dies', '2026-11-03T08:00:00Z')], NOW);
  expect(lines).toMatchObject([{ Drill: 'primary-node-dies', ProofStandsFor: 23 * 86_400 }, { Drill: 'az-lost', ProofStandsFor: 0 }, { ProofStandsFor: 0 }]);
  expect(standsFor({ staleFrom: '2026-11-24T08:00:00Z', standing: 'stale' } as Parameters<typeof standsFor>[0], NOW)).toBe(-86_400);
});

describe('the writer', () => {
  /** Rows are kept; between two moments nobody is served; `forgets` loses a row that was acknowledged. */
  const world = (from: number, to: number, forgets = 0) => {
    let clock = 0;
    const rows = new Set<number>();
    const alive = (): void => {
      if (clock >= from && clock < to) throw new Error('connection refused');
    };
    const connection: Connection = {
      insert: (_, id) => Promise.resolve().then(() => (alive(), void rows.add(id))),
      ids: () => Promise.resolve([...rows].filter((id) => id !== forgets)),
      close: () => Promise.resolve(),
    };
    return new Writer('r1', {
      connect: () => Promise.resolve().then(() => (alive(), connection)),
      elapsed: () => clock,
      sleep: (milliseconds) => Promise.resolve(void (clock += milliseconds)),
      silence: () => undefined,
    });
  };
  test('measures the gap, and counts what failed', async () => {
    const result = await world(20_000, 32_000).write(60);
    expect(result).toMatchObject({ open: false, lost: [] });
    expect(result.gapSeconds).toBeGreaterThanOrEqual(12);
    expect(result.gapSeconds).toBeLessThan(12.5);
    expect(result.errors).toBeGreaterThan(10);
  });
  test('finds a row that was acknowledged and is missing', async () => expect(await world(0, 0, 17).write(10)).toMatchObject({ lost: [[17, 17]] }));
  test('says that nobody is served at the end, and that nobody could look', async () =>
    expect(await world(5000, 1e9).write(20)).toMatchObject({ open: true, lost: null }));
});
