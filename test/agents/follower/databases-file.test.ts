import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseRoute, readRoute, renderRoute, writeRoute } from '../../../agents/follower/databases-file';
import { databasesIniFor } from '../../../lib/services/pgbouncer';

const route = { member: 'pg-euc1-2', host: '10.50.3.7', port: 5432, clusterId: '2305260427072833832', modRevision: 1234 };

test.each([route, { ...route, host: 'fd00::12' }])('a route to $host is read back as it was written', (r) =>
  expect(parseRoute(renderRoute(r, 'app'), 'app')).toEqual(r),
);

test('the file holds what PgBouncer is given anyway, after one comment', () => {
  const [comment, ...rest] = renderRoute(route, 'app').split('\n');
  expect(comment).toBe('; holdfast route: member=pg-euc1-2 cluster=2305260427072833832 revision=1234');
  expect(rest.join('\n')).toBe(databasesIniFor('10.50.3.7', 5432, 'app'));
});

test.each([
  ['the file that PgBouncer first starts with', databasesIniFor('127.0.0.1', 1, 'app')],
  ['a file for another database', renderRoute(route, 'other')],
  ['half a file', renderRoute(route, 'app').slice(0, 90)],
  ['a route to a name', renderRoute({ ...route, host: 'pg-euc1-2.pg-euc1' }, 'app')],
  ['an empty file', ''],
])('%s is no route', (_, content) => expect(parseRoute(content, 'app')).toBeUndefined());

describe('on disk', () => {
  const directory = mkdtempSync(join(tmpdir(), 'follower-'));
  const file = join(directory, 'databases.ini');
  afterAll(() => rmSync(directory, { recursive: true }));

  test('a missing file is no route; one that can not be read is an error', () => {
    expect(readRoute(file, 'app')).toBeUndefined();
    expect(() => readRoute(directory, 'app')).toThrow(/EISDIR/);
  });
  test('is replaced in one step, and nothing is left beside it', () => {
    writeFileSync(file, 'old');
    writeRoute(file, route, 'app');
    expect(readFileSync(file, 'utf8')).toBe(renderRoute(route, 'app'));
    expect(readdirSync(directory)).toEqual(['databases.ini']);
    expect(readRoute(file, 'app')).toEqual(route);
  });
});
