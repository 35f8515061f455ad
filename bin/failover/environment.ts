import { ENVIRONMENTS } from '../../lib/environments';
import { defineEnvironment } from '../../lib/topology/define';
import type { Environment } from '../../lib/topology/types';
import { inputNamed, LAB_ENVIRONMENTS } from '../environments';
import { UsageError } from '../exit';

/** @param name default: the only one that has a failover. @throws UsageError when there is none, or more than one */
export const deployedWithFailover = (name: string | undefined): Environment => {
  if (name !== undefined) {
    if (LAB_ENVIRONMENTS.includes(name)) throw new UsageError(`--environment: given "${name}", which is a lab's; use --lab <name>`);
    return defineEnvironment(inputNamed(name));
  }
  const found = Object.values(ENVIRONMENTS)
    .filter((input) => !LAB_ENVIRONMENTS.includes(input.name))
    .map(defineEnvironment)
    .filter(({ failover }) => failover !== null);
  const [only, ...more] = found;
  if (only === undefined || more.length > 0)
    throw new UsageError(`--environment: given nothing; allowed: ${found.map((e) => e.name).join(', ') || 'none: no environment has a failover'}`);
  return only;
};
