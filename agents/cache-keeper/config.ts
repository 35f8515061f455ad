import type { CacheKeeperConfig } from '../../lib/services/cache-keeper';
import type { CachePod } from '../../lib/topology/cache-placement';
import { ConfigError, duration, expected, object, parseChecked, port, readText, text, type Check } from '../checks';

const count = expected('a whole number >= 0', (v) => Number.isSafeInteger(v) && Number(v) >= 0);
const percent = expected('1 to 99', (v) => Number.isInteger(v) && Number(v) >= 1 && Number(v) <= 99);

const pod = object<CachePod>({ name: text, zone: text, set: text, ordinal: count, shard: count, copy: count });
const pods: Check = (value, path) =>
  Array.isArray(value) && value.length > 0
    ? value.flatMap((one: unknown, i) => pod(one, `${path}[${i}]`))
    : [`${path}: given ${JSON.stringify(value)}; allowed: a list of nodes, at least one`];

const keeperConfig = object<CacheKeeperConfig>({
  pods,
  shards: count,
  replicasPerMaster: count,
  nodeTimeoutSeconds: duration,
  minReplicasToWrite: count,
  memoryAlertPercent: percent,
  checkIntervalSeconds: duration,
  requestTimeoutSeconds: duration,
  port,
  user: text,
  ca: text,
  files: object<CacheKeeperConfig['files']>({ operatorPassword: text, replicationPassword: text, users: text, certificate: text }),
  nodeTls: object<CacheKeeperConfig['nodeTls']>({ ca: text, cert: text, key: text }),
  listen: object<CacheKeeperConfig['listen']>({ host: text, port }),
});

/** @throws ConfigError with every problem at once */
export const parseConfig = (json: string, source: string): CacheKeeperConfig => parseChecked(keeperConfig, 'cache keeper', json, source) as CacheKeeperConfig;

/** @throws ConfigError when the file can't be read, or is no configuration */
export const readConfig = (file: string): CacheKeeperConfig => parseConfig(readText(file), file);

/** As it is now: it is rotated while the keeper runs. @throws ConfigError when there is none */
export const operatorPassword = ({ files }: Pick<CacheKeeperConfig, 'files'>): string => {
  const password = readText(files.operatorPassword).trim();
  if (password === '') throw new ConfigError(`${files.operatorPassword}: given nothing; allowed: the password of the user operator`);
  return password;
};
