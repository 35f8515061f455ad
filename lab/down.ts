/** Ends a lab, whole or broken, and leaves nothing: no process, namespace, mount, cgroup or file. */
import { removeCgroups } from './hosts/cgroups';
import { deleteNetns, existingNamespaces } from './hosts/network';
import { killProcesses, processNames } from './processes';
import { labRegions, type LabSettings } from './settings';
import { removeDirectory } from './state';

export const removeLab = async (lab: LabSettings): Promise<void> => {
  const regions = labRegions(lab);
  await Promise.all(regions.map(async (region) => killProcesses(region, await processNames(region))));
  for (const netns of await existingNamespaces(lab)) await deleteNetns(netns);
  await Promise.all(regions.flatMap(({ nodes }) => nodes).map((node) => removeCgroups(node.cgroup)));
  await removeDirectory(lab);
};
