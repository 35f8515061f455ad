import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import type { FollowerConfig, PeerConfig, RegionsConfig } from '../../lib/services/follower';
import { reasonOf } from './log';

/** The configuration can't be used; the message names every problem. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** What is wrong with a value, empty if nothing. */
type Check = (value: unknown, path: string) => readonly string[];

const given = (value: unknown): string => (value === undefined ? 'nothing' : JSON.stringify(value));

const expected =
  (what: string, isValid: (value: unknown) => boolean): Check =>
  (value, path) =>
    isValid(value) ? [] : [`${path}: given ${given(value)}; allowed: ${what}`];

const isPlain = (v: unknown): v is Readonly<Record<string, unknown>> => typeof v === 'object' && v !== null && !Array.isArray(v);
const isHttps = (v: unknown): boolean => typeof v === 'string' && URL.canParse(v) && new URL(v).protocol === 'https:';

const text = expected('a text that is not empty', (v) => typeof v === 'string' && v.length > 0);
/** Written into databases.ini and into console commands, where nothing may need quoting. */
const name = expected('a lower-case SQL name that needs no quoting', (v) => typeof v === 'string' && /^[a-z_][a-z0-9_]*$/.test(v));
const flag = expected('true or false', (v) => typeof v === 'boolean');
const duration = expected('seconds, more than 0 and at most 60', (v) => typeof v === 'number' && v > 0 && v <= 60);
const port = expected('a port, 1 to 65535', (v) => Number.isInteger(v) && Number(v) >= 1 && Number(v) <= 65_535);
const endpoints = expected('a list of https addresses, at least one', (v) => Array.isArray(v) && v.length > 0 && v.every(isHttps));

/** Absent, or as it should be. */
const optional =
  (check: Check): Check =>
  (value, path) =>
    value === undefined ? [] : check(value, path);

type Checks<T> = { readonly [K in keyof T]-?: Check };

/** Every key of T is checked, and no other key is accepted. */
const object =
  <T>(checks: Checks<T>): Check =>
  (value, path) => {
    if (!isPlain(value)) return [`${path || 'the configuration'}: given ${given(value)}; allowed: an object`];
    const at = (key: string): string => (path ? `${path}.${key}` : key);
    const unknownKeys = Object.keys(value).filter((key) => !(key in checks));
    return [
      ...Object.entries<Check>(checks).flatMap(([key, check]) => check(value[key], at(key))),
      ...unknownKeys.map((key) => `${at(key)}: unknown key; allowed: ${Object.keys(checks).join(', ')}`),
    ];
  };

const listOf =
  (check: Check): Check =>
  (value, path) =>
    Array.isArray(value) && value.length > 0
      ? value.flatMap((item, i) => check(item, `${path}[${i}]`))
      : [`${path}: given ${given(value)}; allowed: a list, at least one`];
const address = expected('a numeric address', (v) => typeof v === 'string' && isIP(v) !== 0);
const count = expected('a whole number above 0', (v) => Number.isSafeInteger(v) && Number(v) > 0);

const peer = object<PeerConfig>({
  name: text,
  gateways: listOf(address),
  status: listOf(address),
  standbyCluster: object<PeerConfig['standbyCluster']>({ host: text, port, primary_slot_name: name, create_replica_methods: listOf(text) }),
});
const regions = object<RegionsConfig>({
  self: text,
  peers: listOf(peer),
  configKey: text,
  certificate: object<RegionsConfig['certificate']>({ ca: text, cert: text, key: text }),
  statusPort: port,
  leaderPort: port,
  localDatabase: name,
  localPoolSize: count,
  stalenessBoundSeconds: duration,
});

const followerConfig = object<FollowerConfig>({
  etcd: object<FollowerConfig['etcd']>({ endpoints, ca: text, cert: text, key: text }),
  leaderKey: text,
  membersPrefix: text,
  patroniCa: text,
  pollIntervalSeconds: duration,
  requestTimeoutSeconds: duration,
  pgbouncer: object<FollowerConfig['pgbouncer']>({ socketDir: text, port, databasesFile: text, database: name, applicationRole: name }),
  watched: expected('a list of directories', (v) => Array.isArray(v) && v.every((d) => typeof d === 'string' && d.startsWith('/'))),
  etcdPlacement: flag,
  etcdMemberOrdinals: expected('true (the only pairing there is)', (v) => v === true),
  listen: object<FollowerConfig['listen']>({ host: text, port }),
  regions: optional(regions),
});

/** @throws ConfigError with every problem at once */
export const parseConfig = (json: string, source: string): FollowerConfig => {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    throw new ConfigError(`${source} is not JSON: ${reasonOf(error)}`);
  }
  const problems = followerConfig(value, '');
  if (problems.length > 0) throw new ConfigError([`${source} is not a follower configuration:`, ...problems.map((p) => `  - ${p}`)].join('\n'));
  return value as FollowerConfig;
};

/** @throws ConfigError when the file can't be read, or is no configuration */
export const readConfig = (file: string): FollowerConfig => {
  let json: string;
  try {
    json = readFileSync(file, 'utf8');
  } catch (error) {
    throw new ConfigError(`cannot read the configuration: ${reasonOf(error)}`);
  }
  return parseConfig(json, file);
};
