/** Which binaries the lab runs: Kubernetes with its name server, and the controllers that workloads need. */
import { METRICS_SERVER_VERSION, ROLLOUTS_VERSION } from '../../lib/services/controllers';
import { type BinariesOptions, type PinnedBinaries, pinnedBinaries } from './pinned-binaries';

export const KUBERNETES_VERSION = '1.35.4';
export const PEBBLE_VERSION = '2.10.1';

const KUBERNETES: PinnedBinaries = {
  name: 'kubernetes',
  release: `Kubernetes ${KUBERNETES_VERSION}`,
  directory: `kubernetes-${KUBERNETES_VERSION}`,
  checksums: {
    kcp: '1abe021351c1b6a138cd665a4c13ef9a8f2129066ae142dc52b954e480def4c8',
    coredns: 'fb4f83ffc816d55ab0211da33a27d71fe6aa4f653da273072e97ea49a7863c81',
  },
  links: ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kubelet', 'kube-proxy', 'kubectl'],
  variable: 'HOLDFAST_KUBERNETES',
  what: 'Kubernetes',
  script: 'kubernetes/build.sh',
  neededGib: 9,
};

const CONTROLLERS: PinnedBinaries = {
  name: 'controllers',
  release: `Argo Rollouts ${ROLLOUTS_VERSION}, metrics-server ${METRICS_SERVER_VERSION}, pebble ${PEBBLE_VERSION}`,
  directory: `controllers-${ROLLOUTS_VERSION}-${METRICS_SERVER_VERSION}-${PEBBLE_VERSION}`,
  checksums: {
    'rollouts-controller': 'e1f1e1c81bd6420810e7fb23bf2595d24f19617947e98cf92472c4193de768fc',
    'metrics-server': '5faadfa2319d4da44dda795ba6e415af498b7129626c6697f5717c9efdad3f1e',
    pebble: 'debf100bf5d1cc0d593c1fcdcad62429a3b074154156506e16cb218517714160',
    'pebble-challtestsrv': 'a4f1de33cbfc61422691224274775dd304e5d79340a6922b08750bc9fa96d24f',
  },
  links: [],
  variable: 'HOLDFAST_CONTROLLERS',
  what: 'the controllers',
  script: 'controllers/build.sh',
  neededGib: 9,
};

/** The directory with kcp, its links (kubelet, kubectl, ...) and coredns. @throws as `pinnedBinaries` */
export const kubernetesBinaries = (options: BinariesOptions): Promise<string> => pinnedBinaries(KUBERNETES, options);

/** The directory with rollouts-controller, metrics-server, pebble and pebble-challtestsrv. @throws as `pinnedBinaries` */
export const controllerBinaries = (options: BinariesOptions): Promise<string> => pinnedBinaries(CONTROLLERS, options);
