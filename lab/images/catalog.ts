import { METRICS_SERVER_VERSION, ROLLOUTS_VERSION } from '../../lib/services/controllers';

/** What environments without workloads are made of too. */
export const DATA_IMAGES = ['patroni', 'etcd', 'pgbouncer', 'agent', 'coredns', 'pause', 'valkey', 'redis'] as const;
/** Only for environments that have workloads. */
export const WORKLOAD_IMAGES = ['rollouts', 'metrics-server', 'gateway'] as const;
/** Only for environments whose certificates certbot renews. */
export const ACME_IMAGES = ['acme'] as const;
/** Only for environments that run the reference backend. */
export const REFERENCE_IMAGES = ['backend'] as const;
/**
 * The images of the lab, in the order in which they are built. All are deployed to AWS as well, from the same Dockerfiles, but for what AWS gets from its
 * publishers: CoreDNS, the pause image, Argo Rollouts and metrics-server.
 */
export const IMAGE_NAMES = [...DATA_IMAGES, ...WORKLOAD_IMAGES, ...ACME_IMAGES, ...REFERENCE_IMAGES] as const;
export type ImageName = (typeof IMAGE_NAMES)[number];

/** CoreDNS' version in the Kubernetes archive, see images/kubernetes/build.sh. */
const COREDNS_VERSION = '1.14.3';

/** What an image is made of besides its directory; each is asked for only when it is needed, and returns a file's path. */
export interface BuildInputs {
  readonly coredns: () => Promise<string>;
  /** By the binary's name, see `controllerBinaries`. */
  readonly controller: (name: 'rollouts-controller' | 'metrics-server') => Promise<string>;
}

interface ImageDefinition {
  /** Files in images/ that a build of this project writes, before any image is built: not part of a checkout. */
  readonly built?: readonly string[];
  /** Files that are not in images/ but belong into the context, by their path in it. */
  readonly generated?: (inputs: BuildInputs) => Promise<Readonly<Record<string, string>>>;
  readonly buildArgs?: Readonly<Record<string, string>>;
  /** @default - its folder bears its name */
  readonly directory?: string;
}

export const IMAGES: Readonly<Record<ImageName, ImageDefinition>> = {
  patroni: {},
  etcd: {},
  pgbouncer: {},
  agent: { built: ['agent/follower.js', 'agent/cache-keeper.js'] },
  coredns: { generated: async (inputs) => ({ 'coredns/coredns': await inputs.coredns() }), buildArgs: { COREDNS_VERSION } },
  pause: {},
  valkey: { directory: 'cache', buildArgs: { ENGINE: 'valkey' } },
  redis: { directory: 'cache', buildArgs: { ENGINE: 'redis' } },
  rollouts: {
    generated: async (inputs) => ({ 'rollouts/rollouts-controller': await inputs.controller('rollouts-controller') }),
    buildArgs: { ROLLOUTS_VERSION },
  },
  'metrics-server': {
    generated: async (inputs) => ({ 'metrics-server/metrics-server': await inputs.controller('metrics-server') }),
    buildArgs: { METRICS_SERVER_VERSION },
  },
  gateway: {},
  acme: { built: ['acme/certificate-renewer.js'] },
  backend: { built: ['backend/backend.js'] },
};
