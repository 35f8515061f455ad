import { isIP } from 'node:net';
import type { DoorConfig, FollowerConfig, PeerConfig, RegionsConfig } from '../../lib/services/follower';
import { type Check, duration, expected, flag, object, parseChecked, port, readText, text } from '../checks';

export { ConfigError } from '../checks';

const isHttps = (v: unknown): boolean => typeof v === 'string' && URL.canParse(v) && new URL(v).protocol === 'https:';

/** Written into databases.ini and into console commands, where nothing may need quoting. */
const name = expected('a lower-case SQL name that needs no quoting', (v) => typeof v === 'string' && /^[a-z_][a-z0-9_]*$/.test(v));
const endpoints = expected('a list of https addresses, at least one', (v) => Array.isArray(v) && v.length > 0 && v.every(isHttps));

/** Absent, or as it should be. */
const optional =
  (check: Check): Check =>
  (value, path) =>
    value === undefined ? [] : check(value, path);

const listOf =
  (check: Check): Check =>
  (value, path) =>
    Array.isArray(value) && value.length > 0
      ? value.flatMap((item, i) => check(item, `${path}[${i}]`))
      : [`${path}: given ${JSON.stringify(value)}; allowed: a list, at least one`];
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
  door: optional(
    object<DoorConfig>({
      orderedBy: text,
      expectedMembers: count,
      primaryStartTimeoutSeconds: expected('whole seconds, 0 or more', (v) => Number.isSafeInteger(v) && Number(v) >= 0),
    }),
  ),
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
export const parseConfig = (json: string, source: string): FollowerConfig => parseChecked(followerConfig, 'follower', json, source) as FollowerConfig;

/** @throws ConfigError when the file can't be read, or is no configuration */
export const readConfig = (file: string): FollowerConfig => parseConfig(readText(file), file);
