/** One cure for everything: brings a lab's machines and wires back to normal, whatever was done to them. Safe to repeat. */
import { existsSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { run } from '../exec';
import { hasAuthority } from '../acme/settings';
import { healAuthority } from '../acme/start';
import { askOutside } from '../edge/control';
import { edgeSettings, hasOutside, outsideOf } from '../edge/settings';
import { startRegionEdge } from '../edge/start';
import { deleteNetns, healNetwork, inNetns, netnsPath } from '../hosts/network';
import { createEdgeHost } from '../hosts/outside';
import { join } from 'node:path';
import { adminKubeconfig, clearControlPlane, startControlPlane } from '../kubernetes/control-plane';
import { clearNode, startNode } from '../kubernetes/node';
import { livePid } from '../processes';
import { labRegions, type LabSettings } from '../settings';
import { readState } from '../state';
import { behaveAgain } from './misbehaviour';
import { cordonMark, emptyDisk, isCordoned, NODE_FAULTS, signalNode } from './primitives';
import { restoreReleaseByCommand } from './release';

/** @returns what was healed, for the log */
export const healEverything = async (lab: LabSettings): Promise<readonly string[]> => {
  const healed: string[] = (await Promise.all(labRegions(lab).map(healRegion))).flat();
  if (hasAuthority(lab)) healed.push(...(await healAuthority(lab)));
  if (!hasOutside(lab)) return healed;
  await askOutside(outsideOf(lab).control, '/heal');
  return [...healed, ...(await Promise.all(labRegions(lab).map(healEdge))).flat()];
};

/** The provider's part of a region, when it went with it. */
const healEdge = async (region: LabSettings): Promise<readonly string[]> => {
  if ((await livePid(region, 'edge')) !== undefined) return [];
  await deleteNetns(edgeSettings(region).netns);
  await createEdgeHost(region);
  await startRegionEdge(region);
  return [`started the edge of ${region.region.name}`];
};

const healRegion = async (lab: LabSettings): Promise<readonly string[]> => {
  const healed: string[] = [];
  await healNetwork(lab);
  const { binaries } = await readState(lab);
  if ((await livePid(lab, 'control-plane')) === undefined) {
    await clearControlPlane(lab);
    await startControlPlane(lab, binaries);
    healed.push(`started the control plane of ${lab.region.name}`);
  }
  for (const node of lab.nodes) {
    if ((await livePid(lab, node.name)) === undefined) {
      await clearNode(node);
      await startNode(lab, node, binaries);
      healed.push(`started ${node.name}`);
      continue;
    }
    await signalNode(lab, node, 'SIGCONT');
    if (existsSync(netnsPath(node.netns))) await run(inNetns(node.netns, ['nft', `add table ip ${NODE_FAULTS}; delete table ip ${NODE_FAULTS}`]));
    await emptyDisk(lab, node);
  }
  if (isCordoned(lab)) {
    const node = await readFile(cordonMark(lab), 'utf8');
    await run(inNetns(lab.controlPlane.netns, [join(binaries, 'kubectl'), '--kubeconfig', adminKubeconfig(lab), 'uncordon', node]));
    await rm(cordonMark(lab), { force: true });
    healed.push(`uncordoned ${node}`);
  }
  if (await restoreReleaseByCommand(lab, binaries)) healed.push('put the release before it back');
  const behaving = await behaveAgain(lab);
  if (behaving > 0) healed.push(`told ${behaving} pod${behaving === 1 ? '' : 's'} to behave`);
  return healed;
};
