/** The switches that people turn in an attack, and the blocklist of the gateway: read, changed and written as text; who writes it into the cluster is not decided here. */
import { parseBlock } from '../topology/addresses';

/** Who did what, when and why. The newest `AUDIT_ENTRIES` are kept here; the cluster's own audit trail has them all. */
export interface AuditEntry {
  /** ISO 8601, UTC. */
  readonly at: string;
  readonly by: string;
  readonly what: string;
  readonly reason: string;
}
export const AUDIT_ENTRIES = 200;

/** A user whose requests applications refuse. */
export interface BlockedUser {
  readonly user: string;
  /** ISO 8601, or null: until somebody removes it. */
  readonly until: string | null;
  readonly reason: string;
  readonly by: string;
}

/** Nonces are taken without being checked, because their store is down and somebody answers for it. */
export interface NonceUnchecked {
  readonly by: string;
  readonly reason: string;
  readonly until: string;
}

/** switches.json. */
export interface Switches {
  readonly emergencyLimits: boolean;
  readonly nonceUnchecked: NonceUnchecked | null;
  readonly blockedUsers: readonly BlockedUser[];
}

export const CALM: Switches = { emergencyLimits: false, nonceUnchecked: null, blockedUsers: [] };
export const renderSwitches = (switches: Switches): string => `${JSON.stringify(switches, null, 2)}\n`;

type Plain = Readonly<Record<string, unknown>>;
const isPlain = (value: unknown): value is Plain => typeof value === 'object' && value !== null && !Array.isArray(value);
const isText = (value: unknown): value is string => typeof value === 'string';
const isNonceUnchecked = (value: unknown): value is NonceUnchecked => isPlain(value) && [value['by'], value['reason'], value['until']].every(isText);
const isBlockedUser = (value: unknown): value is BlockedUser =>
  isPlain(value) && [value['user'], value['reason'], value['by']].every(isText) && (value['until'] === null || isText(value['until']));
const isAuditEntry = (value: unknown): value is AuditEntry => isPlain(value) && [value['at'], value['by'], value['what'], value['reason']].every(isText);

const parsed = (text: string, what: string): unknown => {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new Error(`${what} is no JSON: ${JSON.stringify(text.slice(0, 60))}; allowed: what \`holdfast limits\` writes; restore it from the chart`);
  }
};

/** @throws when the text is not what this file writes: a switch that can't be read must not be overwritten by a guess */
export const parseSwitches = (text: string): Switches => {
  const value = parsed(text, 'switches.json');
  const { emergencyLimits, nonceUnchecked, blockedUsers } = isPlain(value) ? value : {};
  const sound =
    typeof emergencyLimits === 'boolean' &&
    (nonceUnchecked === null || isNonceUnchecked(nonceUnchecked)) &&
    Array.isArray(blockedUsers) &&
    blockedUsers.every(isBlockedUser);
  if (!sound) throw new Error(`switches.json has another shape than ${JSON.stringify(CALM)}: restore it from the chart, or mend it by hand`);
  return { emergencyLimits, nonceUnchecked, blockedUsers };
};

/** The audit with one more entry, the newest last. An empty text is an empty audit. @throws when it can't be read */
export const withAudit = (text: string | undefined, entry: AuditEntry): string =>
  `${JSON.stringify([...parseAudit(text), entry].slice(-AUDIT_ENTRIES), null, 1)}\n`;
export const parseAudit = (text: string | undefined): readonly AuditEntry[] => {
  const value = text === undefined || text.trim() === '' ? [] : parsed(text, 'audit.json');
  if (!Array.isArray(value) || !value.every(isAuditEntry)) throw new Error('audit.json is no list of {at, by, what, reason}: mend it by hand, it is evidence');
  return value;
};

const past = (until: string | null, now: Date): boolean => until !== null && Date.parse(until) <= now.getTime();

/** Those who are blocked at `now`; who was blocked until earlier is left out. */
export const blockedAt = ({ blockedUsers }: Switches, now: Date): readonly BlockedUser[] => blockedUsers.filter(({ until }) => !past(until, now));

/** With the user blocked, once, however often this is asked; the newest word counts. */
export const withUserBlocked = (switches: Switches, user: BlockedUser, now: Date): Switches => ({
  ...switches,
  blockedUsers: [...blockedAt(switches, now).filter((other) => other.user !== user.user), user],
});
export const withUserFree = (switches: Switches, user: string, now: Date): Switches => ({
  ...switches,
  blockedUsers: blockedAt(switches, now).filter((other) => other.user !== user),
});

/** One line of blocklist.txt: the block, and behind a `#` its story as JSON. */
export interface BlockedAddress {
  readonly cidr: string;
  readonly until: string | null;
  readonly reason: string;
  readonly by: string;
}

export const renderBlocklist = (entries: readonly BlockedAddress[]): string =>
  entries.map(({ cidr, ...story }) => `${cidr} # ${JSON.stringify(story)}\n`).join('');

type Story = Omit<BlockedAddress, 'cidr'>;
const isStory = (value: unknown): value is Story =>
  isPlain(value) && isText(value['reason']) && isText(value['by']) && (value['until'] === null || isText(value['until']));

/** Somebody may have written the line by hand: then what he says is the reason. */
const storyOf = (comment: string): Story => {
  const unsigned: Story = { until: null, reason: comment === '' ? 'not said' : comment, by: 'not said' };
  if (!comment.startsWith('{')) return unsigned;
  try {
    const value: unknown = JSON.parse(comment);
    return isStory(value) ? { until: value.until, reason: value.reason, by: value.by } : unsigned;
  } catch {
    return unsigned;
  }
};

/** @throws when a line is no address */
export const parseBlocklist = (text: string): readonly BlockedAddress[] =>
  text
    .split('\n')
    .map((line) => /^([^#]*)(?:#(.*))?$/.exec(line.trim())?.slice(1) ?? [line])
    .map(([address, comment]) => [(address ?? '').trim(), (comment ?? '').trim()] as const)
    .filter(([address]) => address !== '')
    .map(([address, comment]) => {
      const cidr = parseBlock(address)?.canonical;
      if (cidr === undefined) throw new Error(`blocklist.txt: ${JSON.stringify(address)} is no address or CIDR; mend the ConfigMap by hand`);
      return { cidr, ...storyOf(comment) };
    });

/** Whether the line's own story says that its time is over. */
export const hasEnded = (line: string, now: Date): boolean => past(storyOf((/#(.*)$/.exec(line)?.[1] ?? '').trim()).until, now);

/** With the address blocked, once. Entries that have had their time are left out. */
export const withAddressBlocked = (entries: readonly BlockedAddress[], entry: BlockedAddress, now: Date): readonly BlockedAddress[] => [
  ...entries.filter(({ cidr, until }) => cidr !== entry.cidr && !past(until, now)),
  entry,
];
export const withAddressFree = (entries: readonly BlockedAddress[], cidr: string, now: Date): readonly BlockedAddress[] =>
  entries.filter((entry) => entry.cidr !== cidr && !past(entry.until, now));
