import type { LeaseKeeperConfig, LeaseStorePlace } from '../../lib/services/lease-keeper';
import { type Check, duration, expected, object, parseChecked, port, readText, text } from '../checks';

const regions = expected('a list of AWS regions, at least one', (v) => Array.isArray(v) && v.length > 0 && v.every((r) => typeof r === 'string' && r !== ''));
const https = expected('an https address', (v) => typeof v === 'string' && URL.canParse(v) && new URL(v).protocol === 'https:');
const path = expected('an absolute path', (v) => typeof v === 'string' && v.startsWith('/'));

type Emulated = Extract<LeaseStorePlace, { kind: 'emulated' }>;
const kindOf = (value: unknown): unknown => (typeof value === 'object' && value !== null && 'kind' in value ? value.kind : undefined);
const store: Check = (value, at) => {
  const emulated = object<Emulated>({ kind: text, endpoint: https, ca: path });
  if (kindOf(value) === 'emulated') return emulated(value, at);
  return object<{ kind: 'aws' }>({ kind: expected('"aws" or "emulated"', (v) => v === 'aws') })(value, at);
};

const config = object<LeaseKeeperConfig>({
  environment: text,
  lease: object<LeaseKeeperConfig['lease']>({ table: text, replicas: regions, duration, renewEvery: duration, requestTimeout: duration }),
  store,
  file: path,
  listen: object<LeaseKeeperConfig['listen']>({ host: text, port }),
});

/** @throws ConfigError with every problem at once */
export const parseConfig = (json: string, source: string): LeaseKeeperConfig => parseChecked(config, 'lease keeper', json, source) as LeaseKeeperConfig;

/** @throws ConfigError when the file can't be read, or is no configuration */
export const readConfig = (file: string): LeaseKeeperConfig => parseConfig(readText(file), file);
