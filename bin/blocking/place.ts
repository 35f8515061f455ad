/** Where a command of an attack acts: on a lab, or on an environment in AWS and its clusters. */
import { userInfo } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { isInside, runInside } from '../../lab/inside';
import { adminKubeconfig } from '../../lab/kubernetes/control-plane';
import { readState } from '../../lab/state';
import { defineEnvironment } from '../../lib/topology/define';
import type { Environment } from '../../lib/topology/types';
import { requireUp } from '../commands/lab';
import { inputNamed } from '../environments';
import { UsageError } from '../exit';
import { settingsOf } from '../prepare-lab';
import { kubectlConfigMaps, type ConfigMaps } from './config-maps';

export interface PlaceOptions {
  readonly lab?: string;
  readonly kubeconfig?: string;
  readonly kubectl: string;
}

export interface Acted {
  readonly environment: Environment;
  readonly maps: ConfigMaps;
  readonly lab: boolean;
}

export const withPlaceOptions = (command: Command): Command =>
  command
    .option('--lab <name>', 'a lab, instead of an environment in AWS')
    .option('--kubeconfig <file>', 'of the cluster; default: kubectl’s own')
    .option('--kubectl <program>', 'path of kubectl', 'kubectl');

/** Who asks: for the audit. Over `sudo`, the one who used it. */
export const whoAsks = (environment: NodeJS.ProcessEnv = process.env): string =>
  environment['HOLDFAST_PERSON'] ?? environment['SUDO_USER'] ?? userInfo().username;

/**
 * Does the work there; a lab's cluster is asked from inside its network.
 * @param argv the command line without `--lab`, for the run inside
 * @throws UsageError when it is not said where
 */
export const actAt = async (
  name: string | undefined,
  options: PlaceOptions,
  argv: readonly string[],
  work: (acted: Acted) => Promise<number>,
): Promise<number> => {
  if (name !== undefined && options.lab !== undefined) throw new UsageError('give an environment or --lab, not both');
  if (options.lab === undefined) {
    if (name === undefined) throw new UsageError('say where: an environment (for example: production), or a lab (--lab <name>)');
    const environment = defineEnvironment(inputNamed(name));
    return work({ environment, maps: kubectlConfigMaps({ program: options.kubectl, kubeconfig: options.kubeconfig }), lab: false });
  }
  const lab = settingsOf(options.lab);
  await requireUp(lab);
  if (!isInside(lab)) return runInside(lab, [...argv, '--lab', lab.name]);
  const { binaries } = await readState(lab);
  return work({
    environment: lab.environment,
    maps: kubectlConfigMaps({ program: join(binaries, 'kubectl'), kubeconfig: adminKubeconfig(lab) }),
    lab: true,
  });
};
