/** One broken invariant: where, what was given, what is allowed, how to mend it. */
export interface Violation {
  /** The rule's name, kebab-case, stable: a test and docs/model.md refer to it. */
  readonly rule: string;
  /** Path into the environment, for example `regions[0].etcd.members`. */
  readonly path: string;
  readonly given: string;
  readonly allowed: string;
  readonly fix: string;
}

export const formatViolation = (v: Violation): string => `${v.path}: given ${v.given}; allowed: ${v.allowed}; fix: ${v.fix} [${v.rule}]`;

/** All violations of one environment, thrown together. */
export class TopologyError extends Error {
  constructor(
    readonly environment: string,
    readonly violations: readonly Violation[],
  ) {
    const count = `${violations.length} violation${violations.length === 1 ? '' : 's'}`;
    super(`environment "${environment}" has ${count}:\n${violations.map((v) => `  - ${formatViolation(v)}`).join('\n')}`);
    this.name = 'TopologyError';
  }
}
