/** The gateway's keeper: beside each gateway, it carries what changes while the gateway runs into it. */
import { GATEWAY_KEEPER_PORT } from '../topology/gateway';
import type { Edge } from '../topology/types';
import { ADDRESS_LIMIT_KEY, addressLimit, BLOCKLIST, emergencyAddressLimit, LIMITS_MAP } from './haproxy-limits';
import { BLOCKLIST_CONFIG, SWITCHES_CONFIG } from './limits';
import { GATEWAY_BLOCKLIST_DIR, GATEWAY_CONFIG_DIR, GATEWAY_SOCKET, GATEWAY_TLS_DIR, SWITCHES_DIR } from './paths';

export const GATEWAY_KEEPER_CONFIG_FILE = 'keeper.json';

/** What the keeper reads at its start (JSON). */
export interface GatewayKeeperConfig {
  /** HAProxy's administration socket. */
  readonly socket: string;
  /** The files that are watched. */
  readonly files: {
    /** The certificate with its chain; also the name by which HAProxy knows it. */
    readonly certificate: string;
    readonly key: string;
    /** One CIDR per line, `# why` behind it; all of them count, and one that is not there is empty. */
    readonly blocklists: readonly string[];
    /** JSON; `emergencyLimits: true` lowers the limit. Not there: everything is off. */
    readonly switches: string;
  };
  /** HAProxy's names of what is kept in its memory. */
  readonly names: { readonly blocklist: string; readonly limits: string; readonly addressLimit: string };
  /** Requests of an address in a window, in an emergency. */
  readonly emergencyAddressLimit: number;
  /** The same otherwise. */
  readonly addressLimit: number;
  /** Seconds between two looks at the files. */
  readonly intervalSeconds: number;
  readonly listen: { readonly host: string; readonly port: number };
}

export const gatewayKeeperConfig = (edge: Edge): GatewayKeeperConfig => ({
  socket: GATEWAY_SOCKET,
  files: {
    certificate: `${GATEWAY_TLS_DIR}/tls.crt`,
    key: `${GATEWAY_TLS_DIR}/tls.key`,
    blocklists: [GATEWAY_CONFIG_DIR, GATEWAY_BLOCKLIST_DIR].map((directory) => `${directory}/${BLOCKLIST_CONFIG.key}`),
    switches: `${SWITCHES_DIR}/${SWITCHES_CONFIG.key}`,
  },
  names: { blocklist: BLOCKLIST, limits: LIMITS_MAP, addressLimit: ADDRESS_LIMIT_KEY },
  emergencyAddressLimit: emergencyAddressLimit(edge),
  addressLimit: addressLimit(edge),
  intervalSeconds: 1,
  listen: { host: '0.0.0.0', port: GATEWAY_KEEPER_PORT },
});

export const gatewayKeeperJson = (edge: Edge): string => `${JSON.stringify(gatewayKeeperConfig(edge), null, 2)}\n`;
