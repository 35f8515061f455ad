/** To which moment: what a person writes after `--at`, and what pgBackRest and PostgreSQL are told. */

export type TargetKind = 'time' | 'lsn' | 'xid' | 'name';

export interface RestoreTarget {
  readonly kind: TargetKind;
  /** As PostgreSQL reads it. */
  readonly value: string;
  /** Stop just before it instead of just after. */
  readonly exclusive: boolean;
}

/** `--at` can't be understood. */
export class TargetError extends Error {
  override readonly name = 'TargetError';
}

const ALLOWED =
  'a time with its zone (2026-11-22T08:04:11.5Z, "2026-11-22 08:04:11+00"), lsn:0/5000060, xid:1234, or name:<restore point>; add --exclusive to stop just before it';

const refuse = (given: string, why: string): never => {
  throw new TargetError(`--at: given "${given}", ${why}; allowed: ${ALLOWED}`);
};

/** @throws TargetError */
export const parseTarget = (text: string, exclusive: boolean): RestoreTarget => {
  const [, kind = 'time', rest = text] = /^(time|lsn|xid|name):(.*)$/s.exec(text) ?? [];
  const value = rest.trim();
  switch (kind) {
    case 'lsn':
      return /^[0-9A-Fa-f]{1,8}\/[0-9A-Fa-f]{1,8}$/.test(value)
        ? { kind, value: value.toUpperCase(), exclusive }
        : refuse(text, 'which is no position in the write-ahead log');
    case 'xid':
      return /^[1-9]\d{0,19}$/.test(value) ? { kind, value, exclusive } : refuse(text, 'which is no transaction number');
    case 'name':
      if (!/^[\w.:-]{1,63}$/.test(value)) refuse(text, 'which is no name of a restore point (letters, digits, "_", ".", ":", "-", 63 at most)');
      if (exclusive) refuse(text, 'and a restore point has no "just before"');
      return { kind, value, exclusive };
    default:
      return { kind: 'time', value: parseTime(text, value), exclusive };
  }
};

/** Microseconds matter: they are kept as they were written. */
const parseTime = (given: string, value: string): string => {
  const match = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?)\s*(Z|[+-]\d\d(?::?\d\d)?)$/.exec(value);
  if (match === null) return refuse(given, /[zZ]$|[+-]\d\d(:?\d\d)?$/.test(value) ? 'which is no time' : 'which is no time with a zone');
  const [, date = '', clock = '', zone = ''] = match;
  const full = clock.length === 5 ? `${clock}:00` : clock;
  if (Number.isNaN(Date.parse(`${date}T${full.slice(0, 8)}Z`))) return refuse(given, 'a time that does not exist');
  return `${date} ${full}${zone === 'Z' ? '+00' : zone}`;
};

/** Seconds since 1970 of a target that is a time. */
export const epochOf = (value: string): number => Date.parse(value.replace(' ', 'T').replace(/([+-]\d\d)$/, '$1:00')) / 1000;

export const describeTarget = ({ kind, value, exclusive }: RestoreTarget): string =>
  `${exclusive ? 'just before ' : ''}${{ time: '', lsn: 'position ', xid: 'transaction ', name: 'restore point ' }[kind]}${value}`;

/** Arguments of `pgbackrest restore`. @param backup label of the backup to begin with */
export const restoreArguments = (target: RestoreTarget, backup: string): readonly string[] => [
  `--set=${backup}`,
  `--type=${target.kind}`,
  `--target=${target.value}`,
  ...(target.exclusive ? ['--target-exclusive'] : []),
  '--target-action=promote',
];
