/** What the gateway and the applications of one cluster are told, with who said it and why beside it. */
import {
  BLOCKLIST_CONFIG,
  blockedAt,
  CALM,
  parseBlocklist,
  parseSwitches,
  renderBlocklist,
  renderSwitches,
  SWITCHES_CONFIG,
  withAddressBlocked,
  withAddressFree,
  withAudit,
  withUserBlocked,
  withUserFree,
  type AuditEntry,
  type Switches,
} from '../../lib/services';
import { changeConfigMap, type ConfigMaps } from './config-maps';

/** Who asks, when, and why. */
export interface Word {
  readonly by: string;
  readonly reason: string;
  readonly now: Date;
}
type Data = Readonly<Record<string, string>>;

/** No file: everything is off. */
const switchesOf = (data: Data): Switches => {
  const text = data[SWITCHES_CONFIG.key];
  return text === undefined ? CALM : parseSwitches(text);
};

const audited = (data: Data, what: string, { by, reason, now }: Word): Data => ({
  [SWITCHES_CONFIG.auditKey]: withAudit(data[SWITCHES_CONFIG.auditKey], { at: now.toISOString(), by, what, reason } satisfies AuditEntry),
});

const changeSwitches = (maps: ConfigMaps, what: string, word: Word, change: (switches: Switches) => Switches | null): Promise<boolean> =>
  changeConfigMap(maps, SWITCHES_CONFIG.name, (data) => {
    const changed = change(switchesOf(data));
    return changed === null ? null : { [SWITCHES_CONFIG.key]: renderSwitches(changed), ...audited(data, what, word) };
  });

export const readSwitches = async (maps: ConfigMaps): Promise<{ readonly switches: Switches; readonly audit: string | undefined }> => {
  const data = (await maps.read(SWITCHES_CONFIG.name))?.data ?? {};
  return { switches: switchesOf(data), audit: data[SWITCHES_CONFIG.auditKey] };
};

/** @returns false when it was so already */
export const setEmergency = (maps: ConfigMaps, on: boolean, word: Word): Promise<boolean> =>
  changeSwitches(maps, `emergency limits ${on ? 'on' : 'off'}`, word, (switches) =>
    switches.emergencyLimits === on ? null : { ...switches, emergencyLimits: on },
  );

export const blockUser = (maps: ConfigMaps, user: string, until: string | null, word: Word): Promise<boolean> =>
  changeSwitches(maps, `block user ${user}${until === null ? '' : ` until ${until}`}`, word, (switches) => {
    const there = blockedAt(switches, word.now).find((blocked) => blocked.user === user);
    return there?.until === until ? null : withUserBlocked(switches, { user, until, reason: word.reason, by: word.by }, word.now);
  });

export const freeUser = (maps: ConfigMaps, user: string, word: Word): Promise<boolean> =>
  changeSwitches(maps, `let user ${user} in`, word, (switches) =>
    switches.blockedUsers.some((blocked) => blocked.user === user) ? withUserFree(switches, user, word.now) : null,
  );

const audit = (maps: ConfigMaps, what: string, word: Word): Promise<boolean> =>
  changeConfigMap(maps, SWITCHES_CONFIG.name, (data) => audited(data, what, word));

/** At the gateway. */
export const blockAddressAtGateway = async (maps: ConfigMaps, cidr: string, until: string | null, word: Word): Promise<boolean> => {
  const changed = await changeConfigMap(maps, BLOCKLIST_CONFIG.name, (data) => {
    const entries = parseBlocklist(data[BLOCKLIST_CONFIG.key] ?? '');
    if (entries.some((entry) => entry.cidr === cidr && entry.until === until)) return null;
    return { [BLOCKLIST_CONFIG.key]: renderBlocklist(withAddressBlocked(entries, { cidr, until, reason: word.reason, by: word.by }, word.now)) };
  });
  return changed && audit(maps, `block address ${cidr}${until === null ? '' : ` until ${until}`}`, word);
};

export const freeAddressAtGateway = async (maps: ConfigMaps, cidr: string, word: Word): Promise<boolean> => {
  const changed = await changeConfigMap(maps, BLOCKLIST_CONFIG.name, (data) => {
    const entries = parseBlocklist(data[BLOCKLIST_CONFIG.key] ?? '');
    return entries.some((entry) => entry.cidr === cidr) ? { [BLOCKLIST_CONFIG.key]: renderBlocklist(withAddressFree(entries, cidr, word.now)) } : null;
  });
  return changed && audit(maps, `let address ${cidr} in`, word);
};
