/** Where a region's edge is: a host of the provider's beside the zones, with the region's functions and its public entrance. */
import { join } from 'node:path';
import { awsSettings, type AwsSettings } from '../aws/settings';
import { labDirectory, type LabSettings } from '../settings';

export const EDGE_BRIDGE = 6;
export const SQL_PORT = 6432;
export const HEALTH_PORT = 443;

export interface EdgeSettings {
  readonly netns: string;
  readonly gateway: string;
  /** From where the region's functions speak. */
  readonly functions: string;
  /** What the region's public names lead to. */
  readonly entrance: string;
  readonly directory: string;
}

export const edgeSettings = (lab: LabSettings): EdgeSettings => {
  const net = lab.region.network.vpcCidr.split('.').slice(0, 2).join('.');
  return {
    netns: `${lab.prefix}-ed`,
    gateway: `${net}.${EDGE_BRIDGE}.1`,
    functions: `${net}.${EDGE_BRIDGE}.10`,
    entrance: `${net}.${EDGE_BRIDGE}.20`,
    directory: join(lab.directory, 'edge'),
  };
};

/** Of the whole lab, whichever of its regions is given. */
export const outsideOf = (lab: LabSettings): AwsSettings => awsSettings(lab, labDirectory(lab.name));

export const hasOutside = (lab: LabSettings): boolean => lab.environment.failover !== null;
