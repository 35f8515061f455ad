/** What belongs to no workload region: one host for AWS's other regions, the name servers, the health checkers and clients, with a link of its own to each region. */
import { openSync } from 'node:fs';
import { join } from 'node:path';
import { AWS_ADDRESS, CLIENT_ADDRESSES, DNS_ADDRESS, OUTSIDE_CIDR } from '../aws/settings';
import { EDGE_BRIDGE, edgeSettings, outsideOf } from '../edge/settings';
import { run, startDetached, until } from '../exec';
import { recordProcess } from '../processes';
import { labRegions, type LabSettings } from '../settings';
import { createLeg, inNetns, ipBatch } from './network';
import { relayProgram } from './relay-program';

/** A region's link to everything but the other region. */
export const OUTSIDE_DEVICE = 'out0';
/** Ireland to Frankfurt and to Northern Virginia, and back. */
const ROUND_TRIPS_MS = { home: 25, standby: 70 } as const;

/** After the regions' routers. @param roundTripMs 0: no distance here either */
export const createOutside = async (lab: LabSettings, roundTripMs: number): Promise<void> => {
  const { netns } = outsideOf(lab);
  await run(['ip', 'netns', 'add', netns]);
  const addresses = [AWS_ADDRESS, DNS_ADDRESS, ...Object.values(CLIENT_ADDRESSES)];
  await ipBatch(netns, ['link set lo up', ...addresses.map((address) => `addr add ${address}/32 dev lo`)]);
  // A client's address is on this host alone, whichever region it speaks to.
  await run(inNetns(netns, ['sh', '-c', 'echo 0 > /proc/sys/net/ipv4/conf/all/rp_filter']));
  for (const [i, region] of labRegions(lab).entries()) await joinOutside(region, netns, i, roundTripMs === 0 ? 0 : ROUND_TRIPS_MS[region.region.role]);
};

const joinOutside = async (region: LabSettings, netns: string, index: number, roundTripMs: number): Promise<void> => {
  const log = openSync(join(region.logs, 'relay-outside.log'), 'a');
  const far = `reg${index}`;
  const argv = [await relayProgram(), String(Math.round((roundTripMs * 1000) / 2)), region.router, OUTSIDE_DEVICE, netns, far];
  await recordProcess(region, 'relay-outside', startDetached(argv, { stdio: ['ignore', log, log] }).pid);
  await until(`the relay between ${region.region.name} and the outside`, 5, async () => {
    await run(['ip', '-n', region.router, 'link', 'show', OUTSIDE_DEVICE]);
    return true;
  });
  const [here, there] = [`10.255.${index + 1}.1`, `10.255.${index + 1}.2`];
  await ipBatch(region.router, [
    `addr add ${here} peer ${there} dev ${OUTSIDE_DEVICE}`,
    `link set ${OUTSIDE_DEVICE} txqueuelen 5000 up`,
    `route add ${OUTSIDE_CIDR} dev ${OUTSIDE_DEVICE}`,
    `link add br${EDGE_BRIDGE} type bridge`,
    `addr add ${edgeSettings(region).gateway}/24 dev br${EDGE_BRIDGE}`,
    `link set br${EDGE_BRIDGE} up`,
  ]);
  // Clients' own addresses: the source of what they send is what tells where they are.
  await ipBatch(netns, [
    `addr add ${there} peer ${here} dev ${far}`,
    `link set ${far} txqueuelen 5000 up`,
    `route add ${region.region.network.vpcCidr} dev ${far} src ${AWS_ADDRESS}`,
  ]);
  await createEdgeHost(region);
};

/** The provider's part of a region: it goes with the region, and returns with it. */
export const createEdgeHost = async (region: LabSettings): Promise<void> => {
  const { netns, functions, entrance, gateway } = edgeSettings(region);
  await createLeg(region, netns, EDGE_BRIDGE, functions, gateway);
  await ipBatch(netns, [`addr add ${entrance}/24 dev eth0`]);
};
