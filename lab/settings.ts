/** Where everything of one lab is: derived from its name and the environment, so that two labs never meet. */
import { join } from 'node:path';
import { homeRegion, regionCode } from '../lib/topology/derive';
import { cacheGatewayAddresses, gatewayAddresses, hasPeers, regionStatusAddresses } from '../lib/topology/regions';
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
  /** What other regions reach this one by: routed to this node, whose kube-proxy knows them. */
  readonly gateways: readonly string[];
  readonly cgroup: string;
  readonly directory: string;
}

/** One region of a lab; a lab of one region is just that. */
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
  /** The namespace that commands enter: the home region's control plane, or, with several regions, a place outside all of them. */
  readonly inside: string;
}

/** Interface and namespace names have 15 characters: prefix `hf-`, the lab's name, a suffix. */
const LAB_NAME = /^[a-z][a-z0-9]{0,7}$/;

const base = (cidr: string): string => cidr.split('.').slice(0, 2).join('.');

/** @param region default: the home region, whose settings stand for the whole lab wherever one region is all there is */
export const labSettings = (name: string, environment: Environment, region: Region = homeRegion(environment)): LabSettings => {
  if (!LAB_NAME.test(name))
    throw new Error(`lab name: given "${name}"; allowed: 1 to 8 lower-case letters and digits, a letter first; fix: for example --lab two`);
  const net = base(region.network.vpcCidr);
  const isHome = region.role === 'home';
  const prefix = isHome ? `hf-${name}` : `hf-${name}-${regionCode(region.name)}`;
  const root = labDirectory(name);
  const directory = isHome ? root : join(root, regionCode(region.name));
  return {
    name,
    environment,
    region,
    directory,
    logs: join(directory, 'logs'),
    prefix,
    router: `${prefix}-rt`,
    controlPlane: { netns: `${prefix}-cp`, address: `${net}.9.10`, gateway: `${net}.9.1`, bridge: 9 },
    nodes: region.zones.map((zone, i) => ({ ...nodeSettings(zone, i + 1, net, prefix, directory), gateways: gatewaysOf(environment, region, i) })),
    dnsAddress: tenthAddress(region.network.serviceCidr),
    inside: environment.regions.length > 1 ? observerNetns(name) : `${prefix}-cp`,
  };
};

export const labDirectory = (name: string): string => join(cacheRoot(), 'labs', name);

/** A host that is connected to every region's router and belongs to none. */
export const observerNetns = (name: string): string => `hf-${name}-ob`;

/** Every region of the lab that `lab` is one region of, the home region first. */
export const labRegions = (lab: LabSettings): readonly LabSettings[] =>
  [...lab.environment.regions]
    .sort((a, b) => Number(b.role === 'home') - Number(a.role === 'home'))
    .map((region) => labSettings(lab.name, lab.environment, region));

/** @throws Error when the lab has no such region */
export const regionOfLab = (lab: LabSettings, name: string): LabSettings => {
  const regions = labRegions(lab);
  const found = regions.find((r) => r.region.name === name || r.region.role === name);
  if (found !== undefined) return found;
  throw new Error(`--region: given "${name}"; allowed: ${regions.flatMap((r) => [r.region.name, r.region.role]).join(', ')}`);
};

const gatewaysOf = (environment: Environment, region: Region, zone: number): readonly string[] =>
  hasPeers(environment)
    ? [gatewayAddresses(region), regionStatusAddresses(region), cacheGatewayAddresses(region)].flatMap((addresses) => addresses.slice(zone, zone + 1))
    : [];

const nodeSettings = (zone: string, index: number, net: string, prefix: string, directory: string): Omit<NodeSettings, 'gateways'> => {
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
