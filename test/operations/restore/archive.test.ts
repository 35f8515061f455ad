import { coverageOf, firstGap, segmentNumber, type BackupInfo, type RepositoryReport } from '../../../lib/operations/restore/archive';
import { parseTarget } from '../../../lib/operations/restore/target';

const NOW = Date.UTC(2026, 10, 22, 9) / 1000;
const segment = (n: number, timeline = 1): string => `${String(timeline).padStart(8, '0')}00000000${n.toString(16).toUpperCase().padStart(8, '0')}`;
/** One segment every ten seconds, the last one now. */
const archive = (from: number, to: number): (readonly [string, number])[] =>
  Array.from({ length: to - from + 1 }, (_, i) => [segment(from + i), NOW - (to - from - i) * 10] as const);

const backup = (label: string, secondsAgo: number, start: number, stop: number): BackupInfo => ({
  label,
  type: 'full',
  timestamp: { start: NOW - secondsAgo - 5, stop: NOW - secondsAgo },
  lsn: { start: `0/${start.toString(16)}000028`, stop: `0/${stop.toString(16)}000100` },
  archive: { start: segment(start), stop: segment(stop) },
  info: { size: 1e9 },
  database: { 'repo-key': 1 },
});

const report = (backups: readonly BackupInfo[], segments: readonly (readonly [string, number])[]): RepositoryReport => ({
  info: [{ backup: backups, status: { code: 0, message: 'ok' } }],
  archived: [{ repository: 1, segments }],
  checked: true,
  at: new Date(NOW * 1000).toISOString(),
});

const BACKUPS = [backup('old', 300, 2, 3), backup('new', 100, 20, 21)];
const whole = report(BACKUPS, archive(1, 31));
const at = (secondsAgo: number) => parseTarget(new Date((NOW - secondsAgo) * 1000).toISOString(), false);
const cover = (r: RepositoryReport, target: ReturnType<typeof parseTarget>, chosen?: string) => coverageOf(r, target, chosen, NOW);

describe('a moment', () => {
  test('after the newest segment is refused where nothing newer can be forced into the archive', () => {
    const gone = {
      ...report(
        BACKUPS,
        archive(1, 31).map(([name, time]) => [name, time - 40] as const),
      ),
      checked: false,
    };
    expect(cover(gone, at(50)).kind).toBe('covered');
    expect(cover(gone, at(30))).toMatchObject({ kind: 'refused', because: expect.stringContaining('could not be forced into the archive') as string });
    expect(cover({ ...gone, checked: true }, at(30)).kind).toBe('covered');
  });

  test('is restored from the newest backup that ended before it', () => {
    expect(cover(whole, at(200))).toMatchObject({ kind: 'covered', backup: { label: 'old' } });
    expect(cover(whole, at(50))).toMatchObject({ kind: 'covered', backup: { label: 'new' } });
    expect(cover(whole, parseTarget('lsn:0/5000000', false))).toMatchObject({ kind: 'covered', backup: { label: 'old' } });
    expect(cover(whole, parseTarget('xid:7', true))).toMatchObject({ kind: 'covered', backup: { label: 'new' } });
    expect(cover(whole, parseTarget('xid:7', true), 'old')).toMatchObject({ kind: 'covered', backup: { label: 'old' } });
  });

  test.each([
    ['before the oldest backup', whole, at(400), undefined, /before the oldest backup, old/],
    ['in the future', whole, at(-60), undefined, /in the future/],
    ['after the archive', whole, parseTarget('lsn:0/FF000000', false), undefined, /after the newest archived segment/],
    ['without any backup', report([], []), at(10), undefined, /no backup .*holdfast backup run/],
    ['from a backup that is too new', whole, at(200), 'new', /"new" can't be used .* old/],
  ] as const)('%s is refused before anything is stopped', (_, r, target, chosen, says) => {
    expect(cover(r, target, chosen)).toMatchObject({ kind: 'refused', because: expect.stringMatching(says) });
  });
});

describe('a segment that is missing', () => {
  const without = (n: number): RepositoryReport =>
    report(
      BACKUPS,
      archive(1, 31).filter(([name]) => name !== segment(n)),
    );

  test('is named, with how far the archive reaches', () => {
    expect(cover(without(25), at(10))).toMatchObject({ kind: 'refused', because: expect.stringMatching(new RegExp(`${segment(25)}.*until 2026-11-22`)) });
  });

  test('does not matter where it lies after the moment, or before the backup', () => {
    expect(cover(without(25), at(80))).toMatchObject({ kind: 'covered' });
    expect(cover(without(10), at(50))).toMatchObject({ kind: 'covered' });
  });

  test('that the backup itself needs makes the backup useless', () => {
    expect(cover(without(21), at(50))).toMatchObject({ kind: 'refused', because: expect.stringContaining(segment(21)) });
  });

  test('forbids targets whose place nobody knows', () => {
    expect(cover(without(25), parseTarget('xid:7', false))).toMatchObject({ kind: 'refused' });
  });

  test('is none where a new timeline goes on in the same place', () => {
    const branched: (readonly [string, number])[] = [
      [segment(1), 1],
      [segment(2), 2],
      [segment(2, 2), 3],
      [segment(3, 2), 4],
    ];
    expect(firstGap(branched, segment(1))).toBeUndefined();
    expect(firstGap(branched.slice(0, 1).concat(branched.slice(3)), segment(1))).toEqual({ missing: segment(2), reachesUntil: 1 });
  });

  test('is found beyond the 256th of a log file', () => {
    expect(segmentNumber('0000000100000001000003FF') + 1).toBe(segmentNumber('000000010000000200000000'));
  });
});
