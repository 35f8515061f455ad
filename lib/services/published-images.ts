/** Images that others publish: by the tag that is drilled, and by the digest that an environment pins. */
import type { Environment, ImageDigests } from '../topology/types';
import { METRICS_SERVER_IMAGE, ROLLOUTS_IMAGE } from './controllers';
import { COREDNS_IMAGE } from './corefile';

type PublishedName = keyof ImageDigests;
type Pins = Pick<Environment, 'imageDigests'>;

const BY_TAG: Readonly<Record<PublishedName, string>> = {
  coredns: COREDNS_IMAGE,
  rollouts: ROLLOUTS_IMAGE,
  metricsServer: METRICS_SERVER_IMAGE,
  base: 'public.ecr.aws/docker/library/debian:13-slim',
};

/** With its digest where the environment has one: the digest then decides, and the tag is for people to read. */
export const publishedImage = (name: PublishedName, { imageDigests }: Pins): string => {
  const digest = imageDigests[name];
  return digest === undefined ? BY_TAG[name] : `${BY_TAG[name]}@${digest}`;
};

/** References of what runs as its makers publish it, by name. */
export const publishedImages = (pins: Pins): Readonly<Record<Exclude<PublishedName, 'base'>, string>> => ({
  coredns: publishedImage('coredns', pins),
  rollouts: publishedImage('rollouts', pins),
  metricsServer: publishedImage('metricsServer', pins),
});

/** Those that the environment uses and names by tag only, which their publishers can make another image. */
export const imagesByTag = (environment: Pins & Pick<Environment, 'workloads'>): readonly string[] => {
  const used: readonly PublishedName[] = environment.workloads.length > 0 ? ['base', 'coredns', 'rollouts', 'metricsServer'] : ['base', 'coredns'];
  return used.filter((name) => environment.imageDigests[name] === undefined).map((name) => BY_TAG[name]);
};
