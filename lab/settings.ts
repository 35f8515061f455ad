/** Where everything of one lab is: derived from its name and the environment, so that two labs never meet. */
import { join } from 'node:path';
import { homeRegion } from '../lib/topology/derive';
import type { Environment, Region } from '../lib/topology/types';
import { cacheRoot } from './cache';

export interface NodeSettings {
  /** Kubernetes node name, `node-a`. */
  readonly name: string;
  readonly zone: string;
  /** 1-based position of the zone: the bridge's number and the third octet of its addresses. */
  readonly index: number;
  readonly netns: string;
  readonly address: string;
  readonly gateway: string;
  readonly podCidr: string;
  readonly cgroup: string;
  readonly directory: string;
}

export interface LabSettings {
  readonly name: string;
  readonly environment: Environment;
  readonly region: Region;
  /** Everything the running lab writes; removed by `down`. Inside the cache, because nodes start from hard links into it. */
  readonly directory: string;
  readonly logs: string;
  /** Prefix of namespaces and cgroups. */
  readonly prefix: string;
  readonly router: string;
  readonly controlPlane: { readonly netns: string; readonly address: string; readonly gateway: string; readonly bridge: number };
  readonly nodes: readonly NodeSettings[];
  readonly dnsAddress: string;
}

/** Interface and namespace names have 15 characters: prefix `hf-`, the lab's name, a suffix. */
const LAB_NAME = /^[a-z][a-z0-9]{0,7}$/;

const base = (cidr: string): string => cidr.split('.').slice(0, 2).join('.');

export const labSettings = (name: string, environment: Environment): LabSettings => {
  if (!LAB_NAME.test(name))
    throw new Error(`lab name: given "${name}"; allowed: 1 to 8 lower-case letters and digits, a letter first; fix: for example --lab two`);
  const region = homeRegion(environment);
  const net = base(region.network.vpcCidr);
  const prefix = `hf-${name}`;
  const directory = join(cacheRoot(), 'labs', name);
  return {
    name,
    environment,
    region,
    directory,
    logs: join(directory, 'logs'),
    prefix,
    router: `${prefix}-rt`,
    controlPlane: { netns: `${prefix}-cp`, address: `${net}.9.10`, gateway: `${net}.9.1`, bridge: 9 },
    nodes: region.zones.map((zone, i) => nodeSettings(zone, i + 1, net, prefix, directory)),
    dnsAddress: tenthAddress(region.network.serviceCidr),
  };
};

const nodeSettings = (zone: string, index: number, net: string, prefix: string, directory: string): NodeSettings => {
  const letter = zone.slice(-1);
  return {
    name: `node-${letter}`,
    zone,
    index,
    netns: `${prefix}-${letter}`,
    address: `${net}.${index}.2`,
    gateway: `${net}.${index}.1`,
    podCidr: `${net}.${100 + index}.0/24`,
    cgroup: `${prefix}-${letter}`,
    directory: join(directory, 'nodes', letter),
  };
};

/** Like EKS: the cluster's DNS is the tenth address of the service range. */
const tenthAddress = (cidr: string): string => {
  const [address = ''] = cidr.split('/');
  const octets = address.split('.');
  return [...octets.slice(0, 3), String(Number(octets[3]) + 10)].join('.');
};
