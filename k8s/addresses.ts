/**
 * The n-th address of an IPv4 range.
 * @throws Error when the range isn't one, or has no such address
 */
export const hostAddress = (cidr: string, n: number): string => {
  const match = /^(\d+)\.(\d+)\.(\d+)\.(\d+)\/(\d+)$/.exec(cidr);
  const [a, b, c, d, prefix] = (match ?? []).slice(1).map(Number);
  if (a === undefined || b === undefined || c === undefined || d === undefined || prefix === undefined) throw new Error(`not an IPv4 range: ${cidr}`);
  const size = 2 ** (32 - prefix);
  if (n < 0 || n >= size) throw new Error(`${cidr} has no address number ${n}`);
  const base = ((a * 256 + b) * 256 + c) * 256 + d;
  const address = base - (base % size) + n;
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.');
};
