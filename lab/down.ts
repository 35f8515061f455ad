/** Ends a lab, whole or broken, and leaves nothing: no process, namespace, mount, cgroup or file. */
import { removeCgroups } from './hosts/cgroups';
import { deleteNetns, existingNamespaces } from './hosts/network';
import { killProcesses, processNames } from './processes';
import type { LabSettings } from './settings';
import { removeDirectory } from './state';

export const removeLab = async (lab: LabSettings): Promise<void> => {
  await killProcesses(lab, await processNames(lab));
  for (const netns of await existingNamespaces(lab)) await deleteNetns(netns);
  await Promise.all(lab.nodes.map((node) => removeCgroups(node.cgroup)));
  await removeDirectory(lab);
};
