import { partitionOf } from '../aws-regions';
import { postgresMemberNames, regionCode } from '../derive';
import { RESERVED_PARAMETERS } from '../reserved-parameters';
import { DATABASE_SCENARIOS } from '../scenarios';
import type { Environment } from '../types';
import { quoted, regionRule, rule, when, type Rule } from './rule';

/** Regions whose names can be turned into codes; the others break `regions-exist`. */
const named = (environment: Environment) =>
  environment.regions.map((region, index) => ({ region, index })).filter(({ region }) => partitionOf(region.name) !== undefined);

export const memberNamesAreUnique: Rule = rule(
  'member-names-are-unique',
  'No PostgreSQL member of one region has the name of another’s: a standby cluster’s member would count as a synchronous standby of the home region.',
  (environment) => {
    const owners = new Map<string, string>();
    return named(environment).flatMap(({ region, index }) => {
      const shared = postgresMemberNames(region).filter((member) => owners.has(member));
      const others = [...new Set(shared.flatMap((member) => owners.get(member) ?? []))];
      postgresMemberNames(region).forEach((member) => owners.set(member, region.name));
      return when(shared.length > 0, () => ({
        path: `regions[${index}].name`,
        given: `members ${quoted(shared)} (code "${regionCode(region.name)}") also in ${quoted(others)}`,
        allowed: 'member names that no other region has',
        fix: 'choose regions with different codes',
      }));
    });
  },
);

export const zeroLossNeedsStrict: Rule = rule(
  'zero-loss-needs-strict-mode',
  'An RPO of 0 is promised only with synchronousMode "strict": asynchronous commits are lost with their primary.',
  (environment) => {
    const promised = DATABASE_SCENARIOS.filter((scenario) => environment.objectives[scenario].rpo === 0);
    return environment.regions.flatMap((region, index) =>
      when(region.postgres.synchronousMode !== 'strict' && promised.length > 0, () => ({
        path: `regions[${index}].postgres.synchronousMode`,
        given: `"${region.postgres.synchronousMode}" with an RPO of 0 for ${promised.length === DATABASE_SCENARIOS.length ? 'every scenario' : promised.join(', ')}`,
        allowed: '"strict", or an RPO > 0 in every scenario',
        fix: 'use "strict", or say in objectives.<scenario>.rpo how many seconds of acknowledged writes may be lost',
      })),
    );
  },
);

/** Reserved parameters that the model sets by a field of its own. */
const SET_ELSEWHERE: Readonly<Record<string, string>> = { max_connections: 'set postgres.maxConnections', shared_buffers: 'set postgres.sharedBuffers' };

export const parametersAreFree: Rule = regionRule(
  'reserved-parameters',
  'PostgreSQL parameters that Holdfast or Patroni sets are not set by an environment.',
  (region, at) =>
    Object.keys(region.postgres.parameters)
      .filter((name) => RESERVED_PARAMETERS.includes(name.toLowerCase()))
      .map((name) => ({
        path: at(`postgres.parameters.${name}`),
        given: JSON.stringify(region.postgres.parameters[name]),
        allowed: 'parameters that Holdfast does not set itself',
        fix: SET_ELSEWHERE[name.toLowerCase()] ?? 'remove it',
      })),
);

export const parametersAreWellFormed: Rule = regionRule(
  'parameters-are-well-formed',
  'PostgreSQL parameters have PostgreSQL’s spelling, and values of one line.',
  (region, at) =>
    Object.entries(region.postgres.parameters).flatMap(([name, value]) => [
      ...when(!/^[a-z][a-z0-9_]*(?:\.[a-z_][a-z0-9_]*)?$/.test(name), () => ({
        path: at(`postgres.parameters.${name}`),
        given: `the name ${JSON.stringify(name)}`,
        allowed: 'lower-case letters, digits and underscores, with one dot for an extension’s parameter',
        fix: 'write it as in `SHOW ALL`',
      })),
      ...when(typeof value === 'string' && /\p{Cc}/u.test(value), () => ({
        path: at(`postgres.parameters.${name}`),
        given: JSON.stringify(value),
        allowed: 'a text of one line without control characters',
        fix: 'remove the control characters',
      })),
    ]),
);

/** Roles and databases that exist before the application's. */
const TAKEN: readonly string[] = [
  'postgres',
  'template0',
  'template1',
  'replicator',
  'rewind',
  'backup',
  'pgbouncer',
  'maintenance',
  'public',
  'none',
  'current_user',
  'session_user',
  'user',
];

export const databaseNames: Rule = regionRule(
  'database-names',
  'The application’s database and role have plain PostgreSQL names that nothing else uses.',
  (region, at) =>
    (['database', 'applicationRole'] as const).flatMap((key) => {
      const given = region.postgres[key];
      return when(!/^[a-z_][a-z0-9_]{0,58}$/.test(given) || given.startsWith('pg_') || TAKEN.includes(given), () => ({
        path: at(`postgres.${key}`),
        given: JSON.stringify(given),
        allowed: `lower-case letters, digits and underscores, 59 at most, not beginning with "pg_", none of ${TAKEN.join(', ')}`,
        fix: 'use a name of the application, for example "app"',
      }));
    }),
);

export const LARGEST_BUFFERS_SHARE = 0.4;

export const sharedBuffersLeaveRoom: Rule = regionRule(
  'shared-buffers-leave-room',
  'shared_buffers takes at most 40 % of the member’s memory: connections, sorts and the file cache need the rest.',
  (region, at) => {
    const { sharedBuffers, resources } = region.postgres;
    const largest = Math.floor(resources.memory * LARGEST_BUFFERS_SHARE);
    return when(sharedBuffers > largest, () => ({
      path: at('postgres.sharedBuffers'),
      given: `${sharedBuffers} MiB of ${resources.memory} MiB`,
      allowed: `<= ${largest} MiB`,
      fix: `use mebibytes(${Math.floor(resources.memory / 4)}), a quarter, or raise postgres.resources.memory`,
    }));
  },
);
