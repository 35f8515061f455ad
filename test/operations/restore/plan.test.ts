import { parse } from 'yaml';
import { bootstrapConfiguration, decideLock, failureIn, HOLDER_GONE_SECONDS, PHASES, planOf, type RestoreRequest } from '../../../lib/operations/restore/plan';
import { parseTarget } from '../../../lib/operations/restore/target';

const NOW = 1_795_000_000;
const request = (change: Partial<RestoreRequest> = {}): RestoreRequest => ({
  id: '261122082922',
  holder: 'somebody (pid 7)',
  phase: 'stopped',
  target: 'transaction 757',
  heartbeat: NOW - 2,
  ...change,
});

describe('the plan of a restore in place', () => {
  test('checks the archive before it stops anything, and forgets the cluster before it makes a new one', () => {
    const order = planOf(undefined).map((step) => step.leadsTo);
    expect(order[0]).toBe('checked');
    expect(order.indexOf('stopped')).toBeLessThan(order.indexOf('forgotten'));
    expect(order.indexOf('forgotten')).toBeLessThan(order.indexOf('recovered'));
    expect(order.at(-1)).toBe('finished');
  });

  test.each(PHASES)('goes on after phase "%s", wherever it was interrupted', (phase) => {
    const left = planOf(phase).map((step) => step.leadsTo);
    expect([...PHASES.slice(0, PHASES.indexOf(phase) + 1), ...left]).toEqual(PHASES);
  });
});

describe('two restores at once', () => {
  test('the second is refused, and told who holds it and where it stands', () => {
    const decision = decideLock(request(), false, NOW);
    expect(decision).toMatchObject({
      kind: 'refuse',
      because: expect.stringMatching(/held by somebody \(pid 7\), in phase "stopped", last sign of life 2 s ago/),
    });
    expect(decideLock(request(), true, NOW).kind).toBe('refuse');
  });

  test('one whose holder is gone may be resumed, and is not begun again', () => {
    const gone = request({ heartbeat: NOW - HOLDER_GONE_SECONDS });
    expect(decideLock(gone, false, NOW)).toMatchObject({ kind: 'refuse', because: expect.stringContaining('holdfast restore resume') });
    expect(decideLock(gone, true, NOW)).toEqual({ kind: 'resume', from: 'stopped' });
  });

  test('a finished one is confirmed or undone first: its old data is still there', () => {
    const finished = request({ phase: 'finished', heartbeat: 0 });
    for (const resume of [true, false])
      expect(decideLock(finished, resume, NOW)).toMatchObject({ kind: 'refuse', because: expect.stringMatching(/confirm.*undo/) });
  });

  test('none at all: it may begin, and there is nothing to resume', () => {
    expect(decideLock(undefined, false, NOW)).toEqual({ kind: 'take' });
    expect(decideLock(undefined, true, NOW)).toMatchObject({ kind: 'refuse' });
  });
});

test('Patroni is told to restore, and to keep what pgBackRest wrote about the recovery', () => {
  const configuration = bootstrapConfiguration('lab', parseTarget('2026-11-22 08:04:11+00', false), 'B', 2);
  expect(parse(JSON.stringify(configuration))).toMatchObject({ bootstrap: { method: 'pitr', pitr: { no_params: true, keep_existing_recovery_conf: true } } });
  expect(JSON.stringify(configuration)).toContain(`--stanza=lab --repo=2 --log-level-console=info '--set=B' '--type=time' '--target=2026-11-22 08:04:11+00'`);
});

test.each([
  ['FATAL:  recovery ended before configured recovery target was reached', /archive ends before this moment/],
  ['ERROR: [029]: unable to load info file: CryptoError: cipher header invalid', /passphrase/],
  ['FATAL:  could not write: No space left on device', /old data directory/],
  ['LOG:  could not locate required checkpoint record', /the backup itself needs/],
  ['P00  ERROR: [082]: something else', /pgBackRest failed.*082/],
])('%s is a failure that a person understands', (line, says) => {
  expect(failureIn(`LOG: starting\n${line}\nLOG: ending`)).toMatch(says);
});

test('a log of a recovery that goes on is no failure', () => {
  expect(failureIn('LOG:  starting point-in-time recovery to XID 757\nLOG:  restored log file')).toBeUndefined();
});
