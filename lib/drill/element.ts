/** The element at an index that is known to exist. @throws RangeError when it does not: a defect, not an input */
export const elementAt = <T>(list: readonly T[], index: number): T => {
  if (!Number.isInteger(index) || index < 0 || index >= list.length) throw new RangeError(`no element ${index} in a list of ${list.length}`);
  return list[index] as T;
};
