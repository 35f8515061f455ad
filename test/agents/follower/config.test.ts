import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError, parseConfig, readConfig } from '../../../agents/follower/config';
import { followerJson } from '../../../lib/services/follower';
import { production } from '../../../lib/environments/production';
import { withDefaults } from '../../../lib/topology/define';
import { homeRegion } from '../../../lib/topology/derive';

const environment = withDefaults(production);
const rendered = followerJson(environment, homeRegion(environment));

/** The rendered configuration with one value replaced; the path is dotted. */
const withValue = (path: string, value: unknown): string => {
  const config = JSON.parse(rendered) as Record<string, unknown>;
  const keys = path.split('.');
  const last = keys.pop() ?? '';
  const parent = keys.reduce<Record<string, unknown>>((o, key) => o[key] as Record<string, unknown>, config);
  parent[last] = value;
  return JSON.stringify(config);
};
const problemsOf = (json: string): string => {
  try {
    parseConfig(json, 'follower.json');
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return '';
};

test('what the charts render is accepted as it is', () => expect(parseConfig(rendered, 'follower.json')).toEqual(JSON.parse(rendered)));

test.each([
  ['etcd.endpoints', []],
  ['etcd.endpoints', ['http://etcd-0:2379']],
  ['etcd.ca', ''],
  ['leaderKey', undefined],
  ['pollIntervalSeconds', 0],
  ['requestTimeoutSeconds', '1'],
  ['pgbouncer.port', 70_000],
  ['pgbouncer.database', 'app; KILL'],
  ['etcdPlacement', 'yes'],
  ['listen.port', 1.5],
  ['pgbouncer', null],
])('refuses %s = %j and names it', (path, value) => expect(problemsOf(withValue(path, value))).toContain(`${path}: given`));

test('refuses unknown keys, at any depth', () => {
  expect(problemsOf(withValue('colour', 'red'))).toContain('colour: unknown key');
  expect(problemsOf(withValue('pgbouncer.colour', 'red'))).toContain('pgbouncer.colour: unknown key');
});

test('names every problem at once', () => {
  const problems = problemsOf(JSON.stringify({ etcd: {}, leaderKey: 1 }));
  for (const path of ['etcd.endpoints', 'etcd.key', 'leaderKey', 'listen', 'pgbouncer']) expect(problems).toContain(`${path}: given`);
});

test('a text that is not JSON, and a file that is not there, are said so', () => {
  expect(problemsOf('{')).toMatch(/is not JSON/);
  expect(() => readConfig('/nonexistent/follower.json')).toThrow(/cannot read the configuration.*ENOENT/);
  const directory = mkdtempSync(join(tmpdir(), 'follower-'));
  writeFileSync(join(directory, 'follower.json'), rendered);
  expect(readConfig(join(directory, 'follower.json')).leaderKey).toBe('/service/production/leader');
  rmSync(directory, { recursive: true });
});
