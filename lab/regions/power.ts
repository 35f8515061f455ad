/** A whole region of the lab, off and on. */
import type { AwsFault } from '../aws/faults';
import { askOutside } from '../edge/control';
import { EDGE_BRIDGE, hasOutside, outsideOf } from '../edge/settings';
import { cutLeg as cutLegOf, cutWire } from '../hosts/network';
import { isolateRegion } from '../hosts/wan';
import { clearControlPlane, killControlPlane } from '../kubernetes/control-plane';
import { loseNode } from '../faults/primitives';
import { killProcesses } from '../processes';
import type { LabSettings } from '../settings';

/** The wires first, so that nothing of what dies is heard by anybody; the router is the provider's, and stays. Healed by `healEverything`. */
/** What AWS runs in the region goes with it: its functions and entrance, and every API of its own. */
const loseEdge = async (region: LabSettings): Promise<void> => {
  if (!hasOutside(region)) return;
  await cutLegOf(region, EDGE_BRIDGE);
  await Promise.all([killProcesses(region, ['edge']), hideApis(region)]);
};

/** Nobody outside hears from the region's own services any more. */
export const hideApis = async (region: LabSettings): Promise<void> => {
  const fault: AwsFault = { name: `${region.region.name} is gone`, regions: [region.region.name], effect: { kind: 'lost', what: 'request', how: 'silence' } };
  await askOutside(outsideOf(region).control, '/fault', fault);
};

export const loseRegion = async (region: LabSettings): Promise<void> => {
  await isolateRegion(region, 'drop');
  await Promise.all(region.nodes.map((node) => cutWire(region, node)));
  await Promise.all([
    loseEdge(region),
    killControlPlane(region).then(() => clearControlPlane(region)),
    ...region.nodes.map((node) => loseNode(region, node, 'cut-first')),
  ]);
};
