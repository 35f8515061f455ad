import { IgnoreMode } from 'aws-cdk-lib';
import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import { InstanceArchitecture } from 'aws-cdk-lib/aws-ec2';
import { DockerImageAsset, Platform } from 'aws-cdk-lib/aws-ecr-assets';
import { Construct } from 'constructs';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { COREDNS_IMAGE } from '../services/corefile';
import type { Cache } from '../topology/types';

const BUILT = ['etcd', 'patroni', 'pgbouncer', 'agent'] as const;
export type ImageName = (typeof BUILT)[number] | 'coredns';
/** References by name; `cache` where the environment has one. */
export type ImageReferences = Readonly<Record<ImageName, string>> & { readonly cache?: string };

export interface ContainerImagesProps {
  /** The folder with the Dockerfiles, which is the context of all of them. */
  readonly directory: string;
  /** What the nodes run on decides for which processor the images are built. */
  readonly instanceType: ec2.InstanceType;
  /** @default - no image of the cache is built */
  readonly cacheEngine?: Cache['engine'];
}

/** The images of what the charts run, built by `cdk deploy` from the Dockerfiles that the lab builds too, and named by their content. */
export class ContainerImages extends Construct {
  readonly references: ImageReferences;

  private readonly props: ContainerImagesProps;

  constructor(scope: Construct, id: string, props: ContainerImagesProps) {
    super(scope, id);
    this.props = props;
    const built = Object.fromEntries(BUILT.map((name) => [name, this.build(name)])) as Record<(typeof BUILT)[number], string>;
    const { cacheEngine } = props;
    const cache = cacheEngine === undefined ? {} : { cache: this.build('cache', { ENGINE: cacheEngine }) };
    this.references = { ...built, ...cache, coredns: COREDNS_IMAGE };
  }

  private build(name: (typeof BUILT)[number] | 'cache', buildArgs: Record<string, string> = {}): string {
    const { directory, instanceType } = this.props;
    if (name === 'agent' && !existsSync(join(directory, 'agent', 'follower.js'))) {
      throw new Error('images/agent/follower.js is missing: `node scripts/build.mjs agents` bundles it');
    }
    const asset = new DockerImageAsset(this, name.charAt(0).toUpperCase() + name.slice(1), {
      directory,
      file: `${name}/Dockerfile`,
      buildArgs,
      platform: instanceType.architecture === InstanceArchitecture.ARM_64 ? Platform.LINUX_ARM64 : Platform.LINUX_AMD64,
      // Only what this image is made of: a change to another image must not change its name.
      exclude: ['*', '!common', `!${name}`],
      ignoreMode: IgnoreMode.DOCKER,
    });
    return asset.imageUri;
  }
}
