import type { Environment, Region } from '../types';
import type { Violation } from '../violation';

/** A named invariant of an environment. */
export interface Rule {
  /** Stable, kebab-case: errors, tests and docs/model.md refer to it. */
  readonly name: string;
  /** What must hold, as one sentence for docs/model.md. */
  readonly title: string;
  /** Every place where it doesn't hold. Never throws: other rules may be broken at the same time. */
  readonly check: (environment: Environment) => readonly Violation[];
}

/** What a rule finds; the rule's name is added by `rule`. */
export type Finding = Omit<Violation, 'rule'>;

export const rule = (name: string, title: string, check: (environment: Environment) => readonly Finding[]): Rule => ({
  name,
  title,
  check: (environment) => check(environment).map((finding) => ({ rule: name, ...finding })),
});

/** A rule about one region at a time; `at` builds a path inside it, for example `at('etcd.members')`. */
export const regionRule = (
  name: string,
  title: string,
  check: (region: Region, at: (path: string) => string, environment: Environment) => readonly Finding[],
): Rule =>
  rule(name, title, (environment) => environment.regions.flatMap((region, index) => check(region, (path) => `regions[${index}].${path}`, environment)));

/** The finding if `broken`, else nothing. */
export const when = (broken: boolean, finding: () => Finding): readonly Finding[] => (broken ? [finding()] : []);

export const quoted = (names: readonly string[]): string => (names.length === 0 ? 'none' : names.map((name) => JSON.stringify(name)).join(', '));
