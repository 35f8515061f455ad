/** Who holds which slots, read from `CLUSTER NODES`. */

export interface SlotRange {
  readonly from: number;
  readonly to: number;
}

export interface Master {
  readonly id: string;
  readonly host: string;
  readonly port: number;
  readonly slots: readonly SlotRange[];
}

const FIELDS_BEFORE_SLOTS = 8;

const slotRange = (text: string): SlotRange | undefined => {
  const [, from, to] = /^(\d+)(?:-(\d+))?$/.exec(text) ?? [];
  return from === undefined ? undefined : { from: Number(from), to: Number(to ?? from) };
};

const masterOf = (line: string): readonly Master[] => {
  const [id = '', address = '', flags = '', ...rest] = line.split(' ');
  const roles = flags.split(',');
  // `fail?` is one node's suspicion; `fail` is the majority's word.
  if (!roles.includes('master') || roles.includes('fail') || roles.includes('noaddr')) return [];
  const endpoint = (address.split('@')[0] ?? '').split(',')[0] ?? '';
  const colon = endpoint.lastIndexOf(':');
  const slots = rest.slice(FIELDS_BEFORE_SLOTS - 3).flatMap((text) => slotRange(text) ?? []);
  if (colon <= 0 || slots.length === 0) return [];
  return [{ id, host: endpoint.slice(0, colon), port: Number(endpoint.slice(colon + 1)), slots }];
};

/** The masters that hold slots, in the order of their slots. */
export const mastersOf = (clusterNodes: string): readonly Master[] =>
  clusterNodes
    .split('\n')
    .flatMap(masterOf)
    .sort((a, b) => (a.slots[0]?.from ?? 0) - (b.slots[0]?.from ?? 0));

export const holds = (master: Pick<Master, 'slots'>, slot: number): boolean => master.slots.some(({ from, to }) => from <= slot && slot <= to);

/** A shard is another one when another node serves it, or when its slots changed. */
export const sameShard = (a: Master, b: Master): boolean =>
  a.id === b.id && a.host === b.host && a.port === b.port && JSON.stringify(a.slots) === JSON.stringify(b.slots);

const POLYNOMIAL = 0x1021;
const CRC_TABLE: readonly number[] = Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8;
  for (let bit = 0; bit < 8; bit++) crc = ((crc << 1) ^ (crc & 0x8000 ? POLYNOMIAL : 0)) & 0xffff;
  return crc;
});

const OPEN = '{'.charCodeAt(0);
const CLOSE = '}'.charCodeAt(0);
export const SLOTS = 16_384;

/** The hash slot of a key: CRC16 (XMODEM) of its hash tag, or of all of it (Redis Cluster specification, "Hash tags"). */
export const slotOf = (key: Buffer): number => {
  const open = key.indexOf(OPEN);
  const close = open === -1 ? -1 : key.indexOf(CLOSE, open + 1);
  const hashed = close > open + 1 ? key.subarray(open + 1, close) : key;
  let crc = 0;
  for (const byte of hashed) crc = ((crc << 8) & 0xffff) ^ (CRC_TABLE[((crc >> 8) ^ byte) & 0xff] ?? 0);
  return crc % SLOTS;
};

/** A key that falls into the given slots: `prefix` and the least number in braces whose slot is one of them. */
export const keyIn = (prefix: string, slots: readonly SlotRange[]): string => {
  for (let n = 0; n < 64 * SLOTS; n++) {
    const key = `${prefix}{${n}}`;
    if (holds({ slots }, slotOf(Buffer.from(key)))) return key;
  }
  throw new Error(`no key found for the slots ${JSON.stringify(slots)}`);
};
