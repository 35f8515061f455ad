/** The distance between two regions of a lab: a relay between their routers, and a host that belongs to neither. */
import { openSync } from 'node:fs';
import { join } from 'node:path';
import { hasOutside } from '../edge/settings';
import { run, startDetached, until } from '../exec';
import { recordProcess } from '../processes';
import { labRegions, observerNetns, type LabSettings } from '../settings';
import { areCut, cutNetwork, ipBatch, type Cut } from './network';
import { createOutside, OUTSIDE_DEVICE } from './outside';
import { relayProgram } from './relay-program';

/** Frankfurt to Northern Virginia and back. */
export const ROUND_TRIP_MS = 80;

const DEVICE = 'wan0';
/** Enough for 40 ms at 1 Gbit/s; the device's own queue is what a burst waits in while the relay works. */
const QUEUE = 5000;
/** Zones count from 1, the S3 server is on 8, the control plane on 9. */
const OBSERVER_BRIDGE = 7;

/** Routes every region's addresses (machines, pods and gateways) to the others, without translation. */
export const joinRegions = async (lab: LabSettings, roundTripMs: number): Promise<void> => {
  const [home, standby, ...more] = labRegions(lab);
  if (home === undefined || standby === undefined) return;
  if (more.length > 0) throw new Error(`environment "${lab.environment.name}": given ${more.length + 2} regions; allowed in a lab: one or two`);
  await startRelay(home, standby, roundTripMs);
  await connect(home, standby, 1);
  await connect(standby, home, 2);
  await createObserver(lab, [home, standby]);
  if (hasOutside(lab)) await createOutside(lab, roundTripMs);
};

const startRelay = async (home: LabSettings, standby: LabSettings, roundTripMs: number): Promise<void> => {
  const log = openSync(join(home.logs, 'relay.log'), 'a');
  const oneWay = String(Math.round((roundTripMs * 1000) / 2));
  const child = startDetached([await relayProgram(), oneWay, home.router, DEVICE, standby.router, DEVICE], { stdio: ['ignore', log, log] });
  await recordProcess(home, 'relay', child.pid);
  await until('the relay between the regions', 5, async () => {
    await run(['ip', '-n', standby.router, 'link', 'show', DEVICE]);
    return true;
  });
};

const connect = (from: LabSettings, to: LabSettings, host: 1 | 2): Promise<string> =>
  ipBatch(from.router, [
    `addr add 10.255.0.${host} peer 10.255.0.${3 - host} dev ${DEVICE}`,
    `link set ${DEVICE} txqueuelen ${QUEUE} up`,
    `route add ${to.region.network.vpcCidr} dev ${DEVICE}`,
  ]);

/** With a leg in each region: what happens to one of them does not blind whoever watches from here. */
const createObserver = async (lab: LabSettings, regions: readonly LabSettings[]): Promise<void> => {
  const netns = observerNetns(lab.name);
  await run(['ip', 'netns', 'add', netns]);
  await ipBatch(netns, ['link set lo up']);
  for (const [i, region] of regions.entries()) {
    const net = region.region.network.vpcCidr.split('.').slice(0, 2).join('.');
    const gateway = `${net}.${OBSERVER_BRIDGE}.1`;
    await ipBatch(region.router, [
      `link add br${OBSERVER_BRIDGE} type bridge`,
      `addr add ${gateway}/24 dev br${OBSERVER_BRIDGE}`,
      `link set br${OBSERVER_BRIDGE} up`,
      `link add l${OBSERVER_BRIDGE} type veth peer name eth${i} netns ${netns}`,
      `link set l${OBSERVER_BRIDGE} master br${OBSERVER_BRIDGE} up`,
    ]);
    await ipBatch(netns, [
      `addr add ${net}.${OBSERVER_BRIDGE}.10/24 dev eth${i}`,
      `link set eth${i} up`,
      `route add ${region.region.network.vpcCidr} via ${gateway}`,
    ]);
  }
};

/** The link between the regions, cut on both sides; `healNetwork` of both regions mends it. Both still reach everything else. */
export const cutLink = async (lab: LabSettings, how: Cut['how']): Promise<void> => {
  await Promise.all(labRegions(lab).map((region) => cutDevices(region, [DEVICE], how)));
};

const cutDevices = (region: LabSettings, devices: readonly string[], how: Cut['how']): Promise<void> =>
  cutNetwork(
    region,
    devices.flatMap((device) => [`iifname ${device}`, `oifname ${device}`].map((match): Cut => ({ match, how }))),
  );

/** What leads out of a region; without an outside there is one link only. */
const waysOut = (region: LabSettings): readonly string[] => (hasOutside(region) ? [DEVICE, OUTSIDE_DEVICE] : [DEVICE]);

/** Everything between this region and the others, at its router (which is the provider's, and outlives the region). */
export const isolateRegion = (region: LabSettings, how: Cut['how']): Promise<void> => cutDevices(region, waysOut(region), how);

/** Everything: between the region's zones too, so that a primary in there finds neither its etcd nor a synchronous standby. */
export const cutOff = async (region: LabSettings): Promise<void> => {
  await isolateRegion(region, 'drop');
  await cutNetwork(
    region,
    region.nodes.flatMap((node) => [`iifname br${node.index}`, `oifname br${node.index}`].map((match): Cut => ({ match, how: 'drop' }))),
  );
};

/** Are the rules of `cutOff` in place, as the router itself says? */
export const isCutOff = (region: LabSettings): Promise<boolean> => areCut(region, [...waysOut(region), ...region.nodes.map((node) => `br${node.index}`)]);
