/** The known name that a mistyped one most probably meant, or undefined when nothing is near. */
export const closest = (given: string, known: readonly string[]): string | undefined => {
  const begun = known.find((name) => given.length >= 2 && name.toLowerCase().startsWith(given.toLowerCase()));
  if (begun !== undefined) return begun;
  const nearest = known.map((name) => ({ name, distance: editDistance(given.toLowerCase(), name.toLowerCase()) })).sort((a, b) => a.distance - b.distance)[0];
  return nearest && nearest.distance <= Math.max(1, Math.ceil(given.length / 3)) ? nearest.name : undefined;
};

/** Levenshtein distance: insertions, deletions and replacements of one character each count 1. */
const editDistance = (a: string, b: string): number => {
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      current.push(Math.min(replaced, (previous[j] ?? 0) + 1, (current[j - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[b.length] ?? 0;
};
