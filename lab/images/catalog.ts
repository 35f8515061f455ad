/** The images of the lab, in the order in which they are built; all but CoreDNS and the pause image are deployed to AWS as well, from the same Dockerfiles. */
export const IMAGE_NAMES = ['patroni', 'etcd', 'pgbouncer', 'agent', 'coredns', 'pause', 'valkey', 'redis'] as const;
export type ImageName = (typeof IMAGE_NAMES)[number];

/** CoreDNS' version in the Kubernetes archive, see images/kubernetes/build.sh. */
const COREDNS_VERSION = '1.14.3';

/** What an image is made of besides its directory; each is asked for only when it is needed, and returns a file's path. */
export interface BuildInputs {
  readonly coredns: () => Promise<string>;
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
};
