/** IPv4 CIDR blocks. */

export interface Cidr {
  /** First address of the block as an unsigned 32-bit number. */
  readonly first: number;
  /** Last address of the block. */
  readonly last: number;
  readonly prefix: number;
  /** The block's own spelling: its first address and its prefix. */
  readonly canonical: string;
}

const addressText = (n: number): string => [24, 16, 8, 0].map((shift) => Math.floor(n / 2 ** shift) % 256).join('.');

/** @returns undefined when `text` is no IPv4 CIDR. A block with host bits set is returned with its canonical spelling. */
export const parseCidr = (text: string): Cidr | undefined => {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/.exec(text);
  if (!match) return undefined;
  const octets = match.slice(1, 5).map(Number);
  const prefix = Number(match[5]);
  if (prefix > 32 || octets.some((octet) => octet > 255)) return undefined;
  const size = 2 ** (32 - prefix);
  const first = Math.floor(octets.reduce((n, octet) => n * 256 + octet, 0) / size) * size;
  return { first, last: first + size - 1, prefix, canonical: `${addressText(first)}/${prefix}` };
};

export const overlap = (a: Cidr, b: Cidr): boolean => a.first <= b.last && b.first <= a.last;
export const contains = (outer: Cidr, inner: Cidr): boolean => outer.first <= inner.first && inner.last <= outer.last;

const known = (text: string): Cidr => {
  const cidr = parseCidr(text);
  if (!cidr) throw new Error(`not a CIDR: ${text}`);
  return cidr;
};
/** RFC 1918. */
export const PRIVATE_RANGES: readonly Cidr[] = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16'].map(known);
export const isPrivate = (cidr: Cidr): boolean => PRIVATE_RANGES.some((range) => contains(range, cidr));
