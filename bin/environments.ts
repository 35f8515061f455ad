/** Environments by the name that a user typed. */
import { ENVIRONMENTS } from '../lib/environments';
import { closest } from '../lib/topology/closest';
import { isLab } from '../lib/topology/derive';
import type { EnvironmentInput } from '../lib/topology/types';
import { UsageError } from './exit';

export const environmentNames = (): readonly string[] => Object.keys(ENVIRONMENTS);

/** @throws UsageError that lists the known names */
export const inputNamed = (name: string): EnvironmentInput => {
  const input = Object.hasOwn(ENVIRONMENTS, name) ? ENVIRONMENTS[name] : undefined;
  if (input !== undefined) return input;
  const meant = closest(name, environmentNames());
  throw new UsageError(`unknown environment "${name}"${meant === undefined ? '' : ` (did you mean ${meant}?)`}; there are ${environmentNames().join(', ')}`);
};

/** The named one, or all when none is named. */
export const inputsFor = (name: string | undefined): readonly EnvironmentInput[] => (name === undefined ? Object.values(ENVIRONMENTS) : [inputNamed(name)]);

/** The environments that a lab can run, which are not deployed to AWS: no other has sizes for one machine. */
export const LAB_ENVIRONMENTS: readonly string[] = environmentNames().filter((name) => isLab({ name }));
