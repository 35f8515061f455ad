/** Carries out the catalogue's faults on the lab. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Fault, NodeTarget } from '../../lib/drill/faults';
import { EtcdClient, type EtcdMember } from '../etcd';
import { cutPodFrom, fillDisk, freezeNode, isolateNode, isolatePod, loseNode, markCordoned, signalProgram } from '../faults/primitives';
import { podsOf } from '../health';
import type { KubernetesApi, Pod } from '../kubernetes/api';
import { adminKubeconfig } from '../kubernetes/control-plane';
import { askPatroni, type PatroniClientTls } from '../patroni';
import type { LabSettings, NodeSettings } from '../settings';
import { readState } from '../state';

export interface Target {
  readonly lab: LabSettings;
  readonly api: KubernetesApi;
  readonly tls: PatroniClientTls;
  /** The member that is primary when the fault strikes. */
  readonly primary: string;
}

interface PlacedPod {
  readonly name: string;
  readonly address: string;
  readonly node: NodeSettings;
}

const placed = async (t: Target, service: 'etcd' | 'postgres'): Promise<readonly PlacedPod[]> =>
  (await podsOf(t.api, service)).flatMap((pod: Pod) => {
    const node = t.lab.nodes.find((n) => n.name === pod.spec.nodeName);
    return node === undefined || pod.status.podIP === undefined ? [] : [{ name: pod.metadata.name, address: pod.status.podIP, node }];
  });

const postgresPod = async (t: Target, target: NodeTarget): Promise<PlacedPod> => {
  const pods = await placed(t, 'postgres');
  const pod = pods.find((p) => (p.name === t.primary) === (target === 'primary'));
  if (pod === undefined) throw new Error(`no pod of the ${target} (primary: ${t.primary})`);
  return pod;
};

/** What to do, ready to strike: looking up comes before, so that the mark "faultAt" is the moment of the blow. */
export const aim = async (t: Target, fault: Fault): Promise<() => Promise<void>> => {
  switch (fault.kind) {
    case 'kill-node':
    case 'freeze-node':
    case 'partition-node':
    case 'drain-node':
    case 'fill-disk':
      return aimAtNode(t, fault, (await postgresPod(t, fault.target)).node);
    case 'kill-zone':
      return aimAtZone(t, (await postgresPod(t, fault.zoneOf)).node.zone);
    case 'kill-process':
    case 'freeze-process': {
      const { node } = await postgresPod(t, fault.target);
      return () => signalProgram(node, fault.process, fault.kind === 'kill-process' ? 'SIGKILL' : 'SIGSTOP');
    }
    case 'switchover':
      return aimSwitchover(t, (await postgresPod(t, 'primary')).address);
    case 'cut-links':
      return aimAtLinks(t, await postgresPod(t, fault.target), fault.peers, fault.packets);
    case 'stop-etcd':
      return aimAtEtcd(t, fault.members);
    case 'place-etcd-leader':
      return () => placeEtcdLeader(t);
  }
};

type NodeFault = Extract<Fault, { kind: 'kill-node' | 'freeze-node' | 'partition-node' | 'drain-node' | 'fill-disk' }>;

const aimAtNode = ({ lab }: Target, fault: NodeFault, node: NodeSettings): (() => Promise<void>) => {
  switch (fault.kind) {
    case 'kill-node':
      return () => loseNode(lab, node, fault.wire);
    case 'freeze-node':
      return () => freezeNode(lab, node);
    case 'partition-node':
      return () => isolateNode(lab, node, fault.packets);
    case 'drain-node':
      return () => drain(lab, node);
    case 'fill-disk':
      return () => fillDisk(node);
  }
};

const aimAtZone = ({ lab }: Target, zone: string): (() => Promise<void>) => {
  const nodes = lab.nodes.filter((n) => n.zone === zone);
  return async () => void (await Promise.all(nodes.map((node) => loseNode(lab, node, 'cut-first'))));
};

/** Without a candidate: with one, the third member would sleep for 2 s. The answer comes when all is over; the fault is the question. */
const aimSwitchover =
  (t: Target, address: string): (() => Promise<void>) =>
  async () => {
    const { status, body } = await askPatroni(t.tls, address, '/switchover', { method: 'POST', body: { leader: t.primary }, timeoutSeconds: 30 });
    if (status !== 200) throw new Error(`the switchover was refused: ${status} ${body}`);
  };

/** `kubectl drain`, as an administrator does it; it goes on while the drill watches. */
const drain = async (lab: LabSettings, node: NodeSettings): Promise<void> => {
  const { binaries } = await readState(lab);
  await markCordoned(lab, node);
  const args = ['--kubeconfig', adminKubeconfig(lab), 'drain', node.name, '--ignore-daemonsets', '--delete-emptydir-data', '--timeout=90s'];
  const child = spawn(join(binaries, 'kubectl'), args, { stdio: ['ignore', 'ignore', 'pipe'] });
  child.stderr.on('data', (text: Buffer) => void text); // warnings about daemon sets; a drain that fails shows in the drill's checks
  child.on('error', (error) => process.stderr.write(`kubectl drain: ${error.message}\n`));
};

const aimAtLinks = async (t: Target, pod: PlacedPod, peers: 'standbys' | 'etcd', packets: 'drop' | 'reset'): Promise<() => Promise<void>> => {
  const others = (await placed(t, peers === 'etcd' ? 'etcd' : 'postgres')).filter((p) => p.name !== pod.name).map((p) => p.address);
  return () => cutPodFrom(pod.node, pod.address, others, packets);
};

const aimAtEtcd = async (t: Target, members: 'follower' | 'majority'): Promise<() => Promise<void>> => {
  const pods = await placed(t, 'etcd');
  const home = (await postgresPod(t, 'primary')).node.name;
  // The primary's own member is taken last.
  const order = [...pods].sort((a, b) => Number(a.node.name === home) - Number(b.node.name === home));
  const leader = members === 'follower' ? await etcdLeader(t, pods) : undefined;
  const victims = members === 'follower' ? order.filter((p) => p.name !== leader?.name).slice(0, 1) : order.slice(0, Math.ceil(pods.length / 2));
  return async () => void (await Promise.all(victims.map((p) => isolatePod(p.node, p.address))));
};

const etcdLeader = async (t: Target, pods: readonly EtcdMember[]): Promise<EtcdMember | undefined> => {
  const client = new EtcdClient(t.tls);
  try {
    return await client.leader(pods);
  } finally {
    client.close();
  }
};

/** Just before the blow: the product moves the leadership away again within seconds. */
const placeEtcdLeader = async (t: Target): Promise<void> => {
  const pods = await placed(t, 'etcd');
  const home = (await postgresPod(t, 'primary')).node.name;
  const client = new EtcdClient(t.tls);
  try {
    const [from, to] = [await client.leader(pods), pods.find((p) => p.node.name === home)];
    if (from === undefined || to === undefined) throw new Error("etcd's leader can't be placed: no leader, or no member on the primary's node");
    if (from.name !== to.name) await client.transferLeadership(from, to);
  } finally {
    client.close();
  }
};

/** Does etcd's leader share a node with the primary? Undefined: nobody answers. */
export const etcdLeaderSharesNode = async (t: Target): Promise<boolean | undefined> => {
  const pods = await placed(t, 'etcd');
  const leader = await etcdLeader(t, pods);
  const home = (await postgresPod(t, 'primary')).node.name;
  return leader === undefined ? undefined : pods.find((p) => p.name === leader.name)?.node.name === home;
};
