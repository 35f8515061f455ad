/** Blocks of addresses of both families, as web ACLs and gateways know them. */

export interface Block {
  readonly family: 4 | 6;
  /** First and last address of the block. */
  readonly first: bigint;
  readonly last: bigint;
  readonly prefix: number;
  /** The block's own spelling: its first address and its prefix. */
  readonly canonical: string;
}

const BITS = { 4: 32, 6: 128 } as const;

const bytes4 = (text: string): bigint | undefined => {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  const octets = match?.slice(1).map(Number) ?? [];
  return octets.length !== 4 || octets.some((octet) => octet > 255) ? undefined : octets.reduce((n, octet) => n * 256n + BigInt(octet), 0n);
};

const groups = (text: string): readonly bigint[] | undefined => {
  const parts = text === '' ? [] : text.split(':');
  return parts.every((part) => /^[0-9a-f]{1,4}$/i.test(part)) ? parts.map((part) => BigInt(`0x${part}`)) : undefined;
};

const bytes6 = (text: string): bigint | undefined => {
  const halves = text.split('::');
  const [head, tail] = [groups(halves[0] ?? ''), groups(halves[1] ?? '')];
  if (halves.length > 2 || head === undefined || tail === undefined) return undefined;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  return [...head, ...Array.from({ length: missing }, () => 0n), ...tail].reduce((n, group) => n * 65_536n + group, 0n);
};

const text4 = (n: bigint): string => [24n, 16n, 8n, 0n].map((shift) => String((n >> shift) & 255n)).join('.');
/** With the longest run of zeros left out, as RFC 5952 writes it. */
const text6 = (n: bigint): string => {
  const hex = Array.from({ length: 8 }, (_, i) => ((n >> BigInt(112 - 16 * i)) & 65_535n).toString(16)).join(':');
  const longest = [...hex.matchAll(/(?:^|:)0(?::0)+(?=:|$)/g)].reduce<string>((best, [run]) => (run.length > best.length ? run : best), '');
  return longest === '' ? hex : hex.replace(longest, '::').replace(/:{3,}/, '::');
};

/** @returns undefined when `text` is no CIDR. An address alone is a block of one; host bits that are set are left out of the canonical spelling. */
export const parseBlock = (text: string): Block | undefined => {
  const match = /^([0-9a-f.:]+)(?:\/(\d{1,3}))?$/i.exec(text.trim());
  const address = match?.[1] ?? '';
  const family = address.includes(':') ? 6 : 4;
  const bits = BITS[family];
  const value = family === 6 ? bytes6(address) : bytes4(address);
  const prefix = match?.[2] === undefined ? bits : Number(match[2]);
  if (value === undefined || prefix > bits) return undefined;
  const size = 1n << BigInt(bits - prefix);
  const first = (value / size) * size;
  return { family, first, last: first + size - 1n, prefix, canonical: `${family === 6 ? text6(first) : text4(first)}/${prefix}` };
};

/** @throws when `text` is no CIDR: for those that are written in the source. */
export const block = (text: string): Block => {
  const parsed = parseBlock(text);
  if (parsed === undefined) throw new Error(`not a CIDR: ${text}`);
  return parsed;
};

export const blocksOverlap = (a: Block, b: Block): boolean => a.family === b.family && a.first <= b.last && b.first <= a.last;
export const blockContains = (outer: Block, inner: Block): boolean => outer.family === inner.family && outer.first <= inner.first && inner.last <= outer.last;
/** How many addresses it has. */
export const blockSize = ({ first, last }: Block): bigint => last - first + 1n;
