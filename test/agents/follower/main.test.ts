import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HOSTS, until, World } from './fakes/world';

const root = join(__dirname, '..', '..', '..');
const directory = mkdtempSync(join(tmpdir(), 'follower-bundle-'));
const bundleInto = (name: string): string => {
  execFileSync(process.execPath, [join(root, 'scripts', 'bundle-agents.mjs'), join(directory, name)]);
  return join(directory, name, 'follower.js');
};
let bundle = '';
beforeAll(() => (bundle = bundleInto('one')));
afterAll(() => rmSync(directory, { recursive: true }));
const run = (...args: string[]) => spawnSync(process.execPath, [bundle, ...args], { encoding: 'utf8', timeout: 10_000 });

test('the bundle is one file, needs no package beside it, and is the same every time', () => {
  const digest = (file: string): string => createHash('sha256').update(readFileSync(file)).digest('hex');
  expect(digest(bundleInto('two'))).toBe(digest(bundle));
  const text = readFileSync(bundle, 'utf8');
  expect(text).not.toContain('sourceMappingURL');
  expect(text).not.toContain(root);
});

describe('a bad start ends with code 2 and says why', () => {
  test('no such file', () =>
    expect(run('/nonexistent.json')).toMatchObject({ status: 2, stderr: expect.stringMatching(/cannot read the configuration/) as string }));
  test('an option', () => expect(run('--help')).toMatchObject({ status: 2, stderr: expect.stringMatching(/usage: follower/) as string }));
  test('an unknown key', () => {
    writeFileSync(join(directory, 'bad.json'), '{"colour":"red"}');
    const { status, stderr, stdout } = run(join(directory, 'bad.json'));
    expect(status).toBe(2);
    expect(stderr).toMatch(/colour: unknown key/);
    expect(JSON.parse(stdout.trim())).toMatchObject({ what: 'failed' });
  });
});

test('certificates that are not there end it with code 1', async () => {
  const world = await World.make();
  writeFileSync(join(directory, 'lost.json'), JSON.stringify({ ...world.config, patroniCa: '/nonexistent/ca.crt' }));
  expect(run(join(directory, 'lost.json'))).toMatchObject({ status: 1, stderr: expect.stringMatching(/ENOENT.*ca\.crt/) as string });
  await world.end();
});

test('SIGTERM ends it with code 0 within a second, and the route stays', async () => {
  const world = await World.make();
  world.primaries(HOSTS['pg-x-0']);
  world.leader('pg-x-0');
  writeFileSync(join(directory, 'good.json'), JSON.stringify(world.config));
  const follower = spawn(process.execPath, [bundle, join(directory, 'good.json')], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  follower.stdout.on('data', (chunk) => (output += String(chunk)));
  await until('routed', () => output.includes('"what":"routed"'), 10_000);
  const told = Date.now();
  follower.kill('SIGTERM');
  const code = await new Promise((done) => follower.once('exit', done));
  expect(code).toBe(0);
  expect(Date.now() - told).toBeLessThan(1_000);
  expect(world.route?.member).toBe('pg-x-0');
  for (const line of output.trim().split('\n'))
    expect(JSON.parse(line)).toMatchObject({ time: expect.any(String) as string, what: expect.any(String) as string });
  await world.end();
});
