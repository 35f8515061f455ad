import { describeTarget, epochOf, parseTarget, restoreArguments, TargetError } from '../../../lib/operations/restore/target';

describe('--at', () => {
  test.each([
    ['2026-11-22T08:04:11.123456Z', 'time', '2026-11-22 08:04:11.123456+00'],
    ['2026-11-22 08:04+01:00', 'time', '2026-11-22 08:04:00+01:00'],
    ['time:2026-11-22 08:04:11-05', 'time', '2026-11-22 08:04:11-05'],
    ['lsn:0/d001350', 'lsn', '0/D001350'],
    ['xid:757', 'xid', '757'],
    ['name:before-release-7', 'name', 'before-release-7'],
  ])('%s is understood, with every digit', (text, kind, value) => {
    expect(parseTarget(text, false)).toEqual({ kind, value, exclusive: false });
  });

  test.each([
    ['yesterday', /no time with a zone/],
    ['2026-11-22 08:04:11', /no time with a zone/],
    ['2026-13-22 08:04:11Z', /does not exist/],
    ['lsn:12', /no position/],
    ['xid:0', /no transaction/],
    ["name:x' --delta", /no name/],
  ])('%s is refused, with what is allowed', (text, says) => {
    expect(() => parseTarget(text, false)).toThrow(TargetError);
    expect(() => parseTarget(text, false)).toThrow(says);
    expect(() => parseTarget(text, false)).toThrow(/allowed: a time with its zone/);
  });

  test('a restore point has no "just before"', () => {
    expect(() => parseTarget('name:x', true)).toThrow(/just before/);
  });

  test('becomes what pgBackRest and PostgreSQL take', () => {
    expect(restoreArguments(parseTarget('xid:757', true), '20261122-080907F')).toEqual([
      '--set=20261122-080907F',
      '--type=xid',
      '--target=757',
      '--target-exclusive',
      '--target-action=promote',
    ]);
    expect(describeTarget(parseTarget('xid:757', true))).toBe('just before transaction 757');
    expect(epochOf('2026-11-22 08:04:11.5+00')).toBe(Date.UTC(2026, 10, 22, 8, 4, 11, 500) / 1000);
  });
});
