import type { GatewayKeeperConfig } from '../../lib/services/gateway-keeper';
import { type Check, duration, expected, object, parseChecked, port, readText, text } from '../checks';

const count = expected('a whole number > 0', (v) => Number.isSafeInteger(v) && Number(v) > 0);
const paths: Check = (value, path) =>
  Array.isArray(value) ? value.flatMap((one: unknown, i) => text(one, `${path}[${i}]`)) : [`${path}: given ${JSON.stringify(value)}; allowed: a list of files`];

const keeperConfig = object<GatewayKeeperConfig>({
  socket: text,
  files: object<GatewayKeeperConfig['files']>({ certificate: text, key: text, blocklists: paths, switches: text }),
  names: object<GatewayKeeperConfig['names']>({ blocklist: text, limits: text, addressLimit: text }),
  emergencyAddressLimit: count,
  addressLimit: count,
  intervalSeconds: duration,
  listen: object<GatewayKeeperConfig['listen']>({ host: text, port }),
});

/** @throws ConfigError with every problem at once */
export const parseConfig = (json: string, source: string): GatewayKeeperConfig =>
  parseChecked(keeperConfig, 'gateway keeper', json, source) as GatewayKeeperConfig;

/** @throws ConfigError when the file can't be read, or is no configuration */
export const readConfig = (file: string): GatewayKeeperConfig => parseConfig(readText(file), file);
