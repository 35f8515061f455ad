/** Where the lab's certificate authority is: a host beside the zones with pebble (an ACME server), an emulated Route 53, and the name server of its zone. */
import { join } from 'node:path';
import { ACME_TRUST_DIR } from '../../lib/services/certificates';
import type { LabSettings } from '../settings';

/** As bridges of zones are numbered; 6 is the edge's, 8 the object store's, 9 the control plane's. */
export const ACME_BRIDGE = 7;
export const DIRECTORY_PORT = 14000;
export const MANAGEMENT_PORT = 15000;
/** On loopback of that host. */
export const EMULATOR_PORT = 4567;

export interface AcmeSettings {
  readonly netns: string;
  readonly gateway: string;
  readonly address: string;
  readonly directory: string;
  /** Commands of drills. */
  readonly control: string;
}

/** The host's address in a region's network: what `acme.directory` of a lab's environment names. */
export const acmeAddress = (vpcCidr: string): string => `${vpcCidr.split('.').slice(0, 2).join('.')}.${ACME_BRIDGE}.10`;

export const acmeSettings = (lab: LabSettings): AcmeSettings => {
  const address = acmeAddress(lab.region.network.vpcCidr);
  const directory = join(lab.directory, 'acme');
  return { netns: `${lab.prefix}-ca`, gateway: address.replace(/\.10$/, '.1'), address, directory, control: join(directory, 'control.sock') };
};

export const hasAuthority = (lab: LabSettings): boolean => lab.environment.acme !== null;

/** Of the lab's time servers. */
export const timeAddresses = (lab: LabSettings): readonly string[] =>
  [11, 12, 13].map((last) => acmeAddress(lab.region.network.vpcCidr).replace(/10$/, String(last)));

/** How certbot and its libraries find the lab's Route 53 and believe its servers. */
export const certbotEnvironment = (lab: LabSettings): Readonly<Record<string, string>> => {
  const ca = `${ACME_TRUST_DIR}/ca.crt`;
  return {
    AWS_ENDPOINT_URL_ROUTE_53: `https://${acmeSettings(lab).address}`,
    AWS_CA_BUNDLE: ca,
    REQUESTS_CA_BUNDLE: ca,
    AWS_ACCESS_KEY_ID: 'lab',
    AWS_SECRET_ACCESS_KEY: 'lab',
    AWS_DEFAULT_REGION: 'us-east-1',
    AWS_EC2_METADATA_DISABLED: 'true',
  };
};
