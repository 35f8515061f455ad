/** The lab's wires: a router namespace per region with a bridge per zone; every host is a namespace behind a veth pair. */
import { existsSync } from 'node:fs';
import { run } from '../exec';
import type { LabSettings, NodeSettings } from '../settings';

export const netnsPath = (netns: string): string => `/run/netns/${netns}`;
export const inNetns = (netns: string, argv: readonly string[]): string[] => ['nsenter', `--net=${netnsPath(netns)}`, ...argv];

/** Runs `ip` commands of one namespace in one process. */
export const ipBatch = (netns: string, lines: readonly string[]): Promise<string> =>
  run(['ip', '-n', netns, '-batch', '-'], { input: `${lines.join('\n')}\n` });

const FAULT_TABLE = 'holdfast';

/** The router: forwards between the zones, and holds the rules that cut them off from each other. */
export const createRouter = async (lab: LabSettings): Promise<void> => {
  await run(['ip', 'netns', 'add', lab.router]);
  const bridges = [...lab.nodes.map((n) => ({ index: n.index, gateway: n.gateway })), { index: lab.controlPlane.bridge, gateway: lab.controlPlane.gateway }];
  await ipBatch(lab.router, [
    'link set lo up',
    ...bridges.flatMap(({ index, gateway }) => [`link add br${index} type bridge`, `addr add ${gateway}/24 dev br${index}`, `link set br${index} up`]),
  ]);
  await run(inNetns(lab.router, ['sh', '-c', 'echo 1 > /proc/sys/net/ipv4/ip_forward']));
  const chain = `add table ip ${FAULT_TABLE}; add chain ip ${FAULT_TABLE} faults { type filter hook forward priority 0; policy accept; }`;
  await run(inNetns(lab.router, ['nft', chain]));
};

/** A host on a zone's bridge. */
export const createLeg = async (lab: LabSettings, netns: string, bridge: number, address: string, gateway: string): Promise<void> => {
  await cutLeg(lab, bridge); // an old wire outlives its namespace while a client still runs in there
  await run(['ip', 'netns', 'add', netns]);
  await ipBatch(lab.router, [`link add l${bridge} type veth peer name eth0 netns ${netns}`, `link set l${bridge} master br${bridge} up`]);
  await ipBatch(netns, ['link set lo up', `addr add ${address}/24 dev eth0`, 'link set eth0 up', `route add default via ${gateway}`]);
};

/** The wire is pulled: nothing of what dies afterwards is heard by anybody. */
export const cutWire = (lab: LabSettings, node: NodeSettings): Promise<void> => cutLeg(lab, node.index);

/** A host's wire, by its bridge. */
export const cutLeg = async (lab: LabSettings, bridge: number): Promise<void> => {
  if (!(await legExists(lab, bridge))) return;
  try {
    await ipBatch(lab.router, [`link del l${bridge}`]);
  } catch (error) {
    // The other end's namespace was being deleted, and took the wire with it.
    if (await legExists(lab, bridge)) throw error;
  }
};

const legExists = async (lab: LabSettings, bridge: number): Promise<boolean> =>
  (await run(['ip', '-n', lab.router, '-o', 'link', 'show'])).includes(` l${bridge}@`);

/** Whether the rules that drop everything of these devices are in place, as the router itself says. */
export const areCut = async (lab: LabSettings, devices: readonly string[]): Promise<boolean> => {
  if (!existsSync(netnsPath(lab.router))) return false;
  const rules = await run(inNetns(lab.router, ['nft', 'list', 'chain', 'ip', FAULT_TABLE, 'faults']));
  return devices.every((device) => ['iifname', 'oifname'].every((side) => rules.includes(`${side} "${device}" drop`)));
};

/** A node's host: pods are routed to it; a pod address that is no more answers "unreachable", as a router's would. */
export const createNodeLeg = async (lab: LabSettings, node: NodeSettings): Promise<void> => {
  await createLeg(lab, node.netns, node.index, node.address, node.gateway);
  await ipBatch(node.netns, [`route add unreachable ${node.podCidr} metric 4096`]);
  await ipBatch(lab.router, [
    `route replace ${node.podCidr} via ${node.address}`,
    ...node.gateways.map((address) => `route replace ${address} via ${node.address}`),
  ]);
};

export const deleteNetns = async (netns: string): Promise<void> => {
  if (existsSync(netnsPath(netns))) await run(['ip', 'netns', 'del', netns]);
};

/** One direction-less rule between the zones: packets that match are dropped, or rejected. */
export interface Cut {
  /** Rule text of nftables' forward chain, without the verdict, for example `iifname br1`. */
  readonly match: string;
  readonly how: 'drop' | 'reset';
}

/** Cuts by rules of the router; `healNetwork` takes all of them away. TCP is answered with RST and the rest with "unreachable" for `reset`. */
export const cutNetwork = async (lab: LabSettings, cuts: readonly Cut[]): Promise<void> => {
  const rules = cuts.flatMap(({ match, how }) =>
    how === 'drop'
      ? [`add rule ip ${FAULT_TABLE} faults ${match} drop`]
      : [`add rule ip ${FAULT_TABLE} faults ${match} meta l4proto tcp reject with tcp reset`, `add rule ip ${FAULT_TABLE} faults ${match} reject`],
  );
  await run(inNetns(lab.router, ['nft', rules.join('; ')]));
};

export const healNetwork = async (lab: LabSettings): Promise<void> => {
  if (existsSync(netnsPath(lab.router))) await run(inNetns(lab.router, ['nft', `flush chain ip ${FAULT_TABLE} faults`]));
};

/** Namespaces of this lab that exist now. */
export const existingNamespaces = async (lab: LabSettings): Promise<string[]> => {
  const listed = await run(['ip', 'netns', 'list']);
  return listed
    .split('\n')
    .map((line) => line.split(' ')[0] ?? '')
    .filter((name) => name.startsWith(`${lab.prefix}-`));
};
