/** A whole region of the lab, off and on. */
import { cutWire } from '../hosts/network';
import { isolateRegion } from '../hosts/wan';
import { clearControlPlane, killControlPlane } from '../kubernetes/control-plane';
import { loseNode } from '../faults/primitives';
import type { LabSettings } from '../settings';

/** The wires first, so that nothing of what dies is heard by anybody; the router is the provider's, and stays. Healed by `healEverything`. */
export const loseRegion = async (region: LabSettings): Promise<void> => {
  await isolateRegion(region, 'drop');
  await Promise.all(region.nodes.map((node) => cutWire(region, node)));
  await Promise.all([killControlPlane(region).then(() => clearControlPlane(region)), ...region.nodes.map((node) => loseNode(region, node, 'cut-first'))]);
};
