import type { Rule } from './rule';

export type { Rule } from './rule';

/** Every invariant of the model, in the order in which violations are reported. */
export const RULES: readonly Rule[] = [];
