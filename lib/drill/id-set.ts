/** Sets of row ids as sorted, disjoint, inclusive ranges: a client's thousands of rows are a handful of ranges. */
import { elementAt } from './element';

/** `[from, to]`, both inclusive, integers, `from <= to`. */
export type IdRange = readonly [from: number, to: number];
/** Sorted, disjoint and not adjacent. Made by `idSet`. */
export type IdSet = readonly IdRange[];

export const EMPTY: IdSet = [];

/** The set of all ids in `ranges`, which may overlap, touch and come in any order. */
export const idSet = (ranges: Iterable<IdRange>): IdSet => {
  const sorted = [...ranges].sort((a, b) => a[0] - b[0]);
  const merged: [number, number][] = [];
  for (const [from, to] of sorted) {
    const last = merged[merged.length - 1];
    if (last && from <= last[1] + 1) last[1] = Math.max(last[1], to);
    else merged.push([from, to]);
  }
  return merged;
};

export const idSetOf = (ids: Iterable<number>): IdSet => idSet(Array.from(ids, (id): IdRange => [id, id]));

export const count = (set: IdSet): number => set.reduce((sum, [from, to]) => sum + to - from + 1, 0);

export const union = (a: IdSet, b: IdSet): IdSet => idSet([...a, ...b]);

/** What is in both. */
export const intersect = (a: IdSet, b: IdSet): IdSet => {
  const both: IdRange[] = [];
  for (let i = 0, j = 0; i < a.length && j < b.length;) {
    const [aFrom, aTo] = elementAt(a, i);
    const [bFrom, bTo] = elementAt(b, j);
    const [from, to] = [Math.max(aFrom, bFrom), Math.min(aTo, bTo)];
    if (from <= to) both.push([from, to]);
    if (aTo < bTo) i += 1;
    else j += 1;
  }
  return both;
};

/** What is in `a` and not in `b`. */
export const subtract = (a: IdSet, b: IdSet): IdSet => {
  const rest: IdRange[] = [];
  let j = 0;
  for (const [aFrom, aTo] of a) {
    let from = aFrom;
    while (j < b.length && elementAt(b, j)[1] < from) j += 1;
    for (let k = j; k < b.length && elementAt(b, k)[0] <= aTo; k += 1) {
      const [bFrom, bTo] = elementAt(b, k);
      if (bFrom > from) rest.push([from, bFrom - 1]);
      from = bTo + 1;
    }
    if (from <= aTo) rest.push([from, aTo]);
  }
  return rest;
};

export const contains = (set: IdSet, id: number): boolean => set.some(([from, to]) => from <= id && id <= to);

/** `7, 12-14` */
export const formatIds = (set: IdSet): string => set.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join(', ');
