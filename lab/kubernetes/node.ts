/** The lab's nodes: real kubelet, containerd, runc and kube-proxy, one node per zone. */
import { existsSync, openSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run, startDetached } from '../exec';
import { removeCgroups } from '../hosts/cgroups';
import { createNodeLeg, deleteNetns, inNetns } from '../hosts/network';
import { copyContainerdRoot } from '../images/containerd-template';
import { killProcesses, recordProcess } from '../processes';
import type { LabSettings, NodeSettings } from '../settings';
import { cacheVolumes } from '../cache-tier/volumes';
import { labScript } from './scripts';

/** Where the local volumes of a node are; the lab's PersistentVolumes name these folders. */
export const volumePath = (node: NodeSettings, volume: string): string => join(node.directory, 'volumes', volume, 'data');

/** Room for the database, the WAL that a missing standby holds back, and a data directory that a restore has set aside; sparse. */
const DATABASE_DISK = '6G';

const containerdConfig = (node: NodeSettings, pauseImage: string): string => `version = 2
root = "${join(node.directory, 'containerd')}"
state = "/run/containerd"
[grpc]
  address = "/run/containerd/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${pauseImage}"
  disable_apparmor = true
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "${join(node.directory, 'cni')}"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
`;

const cniConfig = (node: NodeSettings): string =>
  JSON.stringify({
    cniVersion: '0.4.0',
    name: 'lab',
    plugins: [
      {
        type: 'ptp',
        ipMasq: false,
        mtu: 1500,
        ipam: { type: 'host-local', ranges: [[{ subnet: node.podCidr }]], routes: [{ dst: '0.0.0.0/0' }], dataDir: '/var/lib/cni/networks' },
      },
    ],
  });

const kubeletConfig = (lab: LabSettings, node: NodeSettings): string =>
  JSON.stringify({
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    failCgroupV1: false,
    failSwapOn: false,
    cgroupDriver: 'cgroupfs',
    cgroupRoot: `/${node.cgroup}`,
    enforceNodeAllocatable: ['pods'],
    containerRuntimeEndpoint: 'unix:///run/containerd/containerd.sock',
    authentication: { anonymous: { enabled: false }, webhook: { enabled: true }, x509: { clientCAFile: join(lab.directory, 'certs', 'ca.crt') } },
    authorization: { mode: 'Webhook' },
    address: node.address,
    healthzBindAddress: '127.0.0.1',
    resolvConf: join(lab.directory, 'resolv.conf'),
    clusterDNS: [lab.dnsAddress],
    clusterDomain: 'cluster.local',
    featureGates: { KubeletInUserNamespace: true },
    localStorageCapacityIsolation: false,
    evictionHard: { 'memory.available': '100Mi' },
    imageGCHighThresholdPercent: 100,
    imageGCLowThresholdPercent: 99,
  });

const proxyConfig = (lab: LabSettings, node: NodeSettings): string =>
  JSON.stringify({
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    mode: 'nftables',
    hostnameOverride: node.name,
    clientConnection: { kubeconfig: join(lab.directory, 'kube-proxy.kubeconfig') },
    conntrack: { maxPerCore: 0, tcpEstablishedTimeout: '0s', tcpCloseWaitTimeout: '0s' },
  });

/** A disk of its own per node: ext4 in a sparse file. */
const createVolumes = async (lab: LabSettings, node: NodeSettings): Promise<void> => {
  const folders = ['etcd', 'delayed', ...cacheVolumes(lab, node).map((volume) => volume.name)];
  for (const folder of folders) await mkdir(volumePath(node, folder), { recursive: true });
  const mountPoint = join(node.directory, 'volumes', 'postgres');
  const image = `${mountPoint}.ext4`;
  await mkdir(mountPoint, { recursive: true });
  // mke2fs copies the folder `data` in: the volume's root belongs to the file system, the database gets a folder.
  const seed = join(node.directory, 'seed');
  await mkdir(join(seed, 'data'), { recursive: true });
  await run(['truncate', '-s', DATABASE_DISK, image]);
  await run(['mkfs.ext4', '-q', '-m', '0', '-E', 'lazy_itable_init=1,lazy_journal_init=1', '-d', seed, image]);
};

export interface NodeImages {
  /** Folder made by `containerdTemplate`. */
  readonly template: string;
  readonly pause: string;
}

/** Everything a node needs on disk; done once, kept when the node is lost and returns. */
export const prepareNode = async (lab: LabSettings, node: NodeSettings, images: NodeImages): Promise<void> => {
  if (existsSync(node.directory)) return;
  await mkdir(join(node.directory, 'cni'), { recursive: true });
  await mkdir(join(node.directory, 'kubelet'), { recursive: true });
  await Promise.all([
    writeFile(join(node.directory, 'containerd.toml'), containerdConfig(node, images.pause)),
    writeFile(join(node.directory, 'cni', '10-lab.conflist'), cniConfig(node)),
    writeFile(join(node.directory, 'kubelet.yaml'), kubeletConfig(lab, node)),
    writeFile(join(node.directory, 'kube-proxy.yaml'), proxyConfig(lab, node)),
    copyContainerdRoot(images.template, join(node.directory, 'containerd')),
    createVolumes(lab, node),
  ]);
};

/** Starts (or, after `killNode`, restarts) a node's machine. */
export const startNode = async (lab: LabSettings, node: NodeSettings, binaries: string): Promise<void> => {
  await removeCgroups(node.cgroup); // what a reboot would clear; left over, they cost the kubelet seconds
  await createNodeLeg(lab, node);
  const log = openSync(join(lab.logs, `${node.name}.log`), 'a');
  const isolated = ['unshare', '--mount', '--pid', '--uts', '--ipc', '--fork', '--kill-child', '--mount-proc', '--propagation', 'private'];
  const child = startDetached(inNetns(node.netns, [...isolated, 'bash', labScript('node-init.sh')]), {
    stdio: ['ignore', log, log],
    env: {
      ...process.env,
      BIN: binaries,
      STATE: lab.directory,
      NODE: node.name,
      NODE_DIR: node.directory,
      NODE_IP: node.address,
      CGROUP: node.cgroup,
      ZONE: node.zone,
      REGION: lab.region.name,
      PATH: `/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
    },
  });
  await recordProcess(lab, node.name, child.pid);
};

/** Power loss. The namespace is removed too, so that the node comes back with a new wire. */
export const killNode = async (lab: LabSettings, node: NodeSettings): Promise<void> => {
  await killProcesses(lab, [node.name]);
};

/** Removes what is left of a killed node's host. */
export const clearNode = async (node: NodeSettings): Promise<void> => {
  await deleteNetns(node.netns);
};
