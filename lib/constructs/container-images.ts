import { IgnoreMode } from 'aws-cdk-lib';
import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import { InstanceArchitecture } from 'aws-cdk-lib/aws-ec2';
import { DockerImageAsset, Platform } from 'aws-cdk-lib/aws-ecr-assets';
import { Construct } from 'constructs';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { publishedImage, publishedImages } from '../services/published-images';
import type { Cache, Environment } from '../topology/types';

const BUILT = ['etcd', 'patroni', 'pgbouncer', 'agent'] as const;
export type ImageName = (typeof BUILT)[number] | 'coredns' | 'rollouts' | 'metricsServer';
/** References by name; `cache`, `backend`, `gateway` and `acme` where the environment has them. */
export type ImageReferences = Readonly<Record<ImageName, string>> & {
  readonly cache?: string;
  readonly backend?: string;
  readonly gateway?: string;
  readonly acme?: string;
};

/** Files that a build of this project writes into an image's folder. */
const BUNDLES: Readonly<Record<string, { readonly file: string; readonly target: string }>> = {
  agent: { file: 'follower.js', target: 'agents' },
  acme: { file: 'certificate-renewer.js', target: 'agents' },
  backend: { file: 'backend.js', target: 'backend' },
};

export interface ContainerImagesProps {
  /** The folder with the Dockerfiles, which is the context of all of them. */
  readonly directory: string;
  /** What the nodes run on decides for which processor the images are built. */
  readonly instanceType: ec2.InstanceType;
  /** Digests of what others publish, and of the base that the images stand on. */
  readonly environment: Pick<Environment, 'imageDigests'>;
  /** @default - no image of the cache is built */
  readonly cacheEngine?: Cache['engine'];
  /** @default false - what renews certificates is not built */
  readonly acme?: boolean;
  /** @default false - nothing is reached from outside, and no gateway is built */
  readonly gateway?: boolean;
  /** @default false - the reference backend is not built */
  readonly referenceBackend?: boolean;
}

/** The images of what the charts run, built by `cdk deploy` from the Dockerfiles that the lab builds too, and named by their content. */
export class ContainerImages extends Construct {
  readonly references: ImageReferences;

  private readonly props: ContainerImagesProps;

  constructor(scope: Construct, id: string, props: ContainerImagesProps) {
    super(scope, id);
    this.props = props;
    const built = Object.fromEntries(BUILT.map((name) => [name, this.build(name)])) as Record<(typeof BUILT)[number], string>;
    const { cacheEngine, acme = false, gateway = false, referenceBackend = false } = props;
    const cache = cacheEngine === undefined ? {} : { cache: this.build('cache', { ENGINE: cacheEngine }) };
    const backend = referenceBackend ? { backend: this.build('backend') } : {};
    const entrance = gateway ? { gateway: this.build('gateway') } : {};
    const renewer = acme ? { acme: this.build('acme') } : {};
    this.references = { ...built, ...cache, ...backend, ...entrance, ...renewer, ...publishedImages(props.environment) };
  }

  /** Without a digest the Dockerfile's own base: an argument that says the same would give every image another name. */
  private base(): Record<string, string> {
    const { environment } = this.props;
    return environment.imageDigests.base === undefined ? {} : { BASE: publishedImage('base', environment) };
  }

  private build(name: (typeof BUILT)[number] | 'cache' | 'backend' | 'gateway' | 'acme', buildArgs: Record<string, string> = {}): string {
    const { directory, instanceType } = this.props;
    const bundle = BUNDLES[name];
    if (bundle !== undefined && !existsSync(join(directory, name, bundle.file))) {
      throw new Error(`images/${name}/${bundle.file} is missing: \`node scripts/build.mjs ${bundle.target}\` bundles it`);
    }
    const asset = new DockerImageAsset(this, name.charAt(0).toUpperCase() + name.slice(1), {
      directory,
      file: `${name}/Dockerfile`,
      buildArgs: { ...this.base(), ...buildArgs },
      platform: instanceType.architecture === InstanceArchitecture.ARM_64 ? Platform.LINUX_ARM64 : Platform.LINUX_AMD64,
      // Only what this image is made of: a change to another image must not change its name.
      exclude: ['*', '!common', `!${name}`],
      ignoreMode: IgnoreMode.DOCKER,
    });
    return asset.imageUri;
  }
}
