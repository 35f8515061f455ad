import { elementAt } from '../../lib/drill/element';
import { contains, count, formatIds, idSet, idSetOf, intersect, subtract, union, type IdSet } from '../../lib/drill/id-set';
import { seeded, seeds, type Random } from './support/random';

const randomIds = (random: Random): Set<number> => new Set(Array.from({ length: random.integer(0, 40) }, () => random.integer(1, 60)));
const idsOf = (set: IdSet): number[] => set.flatMap(([from, to]) => Array.from({ length: to - from + 1 }, (_, i) => from + i));
const sorted = (ids: Iterable<number>): number[] => [...ids].sort((a, b) => a - b);

describe('sets of ids', () => {
  test('join ranges that overlap or touch, in any order', () => {
    expect(
      idSet([
        [7, 9],
        [1, 3],
        [4, 4],
        [8, 12],
      ]),
    ).toEqual([
      [1, 4],
      [7, 12],
    ]);
  });

  test('are shown as ranges', () => {
    expect(formatIds(idSetOf([7, 12, 13, 14]))).toBe('7, 12-14');
  });

  test.each(seeds(200))('agree with sets of single ids (seed %i)', (seed) => {
    const random = seeded(seed);
    const [a, b] = [randomIds(random), randomIds(random)];
    const [x, y] = [idSetOf(a), idSetOf(b)];
    expect(idsOf(x)).toEqual(sorted(a));
    expect(count(x)).toBe(a.size);
    expect(idsOf(union(x, y))).toEqual(sorted(new Set([...a, ...b])));
    expect(idsOf(intersect(x, y))).toEqual(sorted(a).filter((id) => b.has(id)));
    expect(idsOf(subtract(x, y))).toEqual(sorted(a).filter((id) => !b.has(id)));
    expect(sorted(a).every((id) => contains(x, id))).toBe(true);
    const gaps = x.slice(1).map(([from], i) => from - elementAt(x, i)[1]);
    expect(gaps.every((gap) => gap > 1)).toBe(true);
  });
});
