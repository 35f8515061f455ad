import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { bundledCalls, isOfFailover } from '../../bin/failover-path-checks';
import { findingText, lintFailoverPath, type FailoverPath } from '../../lib/failover/control-plane';
import { FAILOVER_HANDLERS } from '../../lib/failover/names';

const ROOT = resolve(__dirname, '..', '..');
const MOST_BYTES = 400_000;
const MOST_MILLISECONDS = 110;
/** The machine has other things to do: the best of so many is what the bundle costs. */
const LOOKS = 12;

const folder = mkdtempSync(join(tmpdir(), 'lambdas-'));
beforeAll(() => execFileSync(process.execPath, [join(ROOT, 'scripts', 'bundle-lambdas.mjs'), folder], { cwd: ROOT }), 60_000);
afterAll(() => rmSync(folder, { recursive: true }));

/** Those of the failover; what a drill may call is another matter. */
const bundles = (): readonly string[] => readdirSync(folder).filter((name) => name !== 'commands.json' && isOfFailover(name));
const held = (): FailoverPath['bundles'] => bundledCalls(folder);

const ENVIRONMENT = {
  PATH: process.env.PATH,
  HOLDFAST_FAILOVER: JSON.stringify({
    environment: 'p',
    target: 'us-east-1',
    witness: 'eu-west-1',
    regions: [],
    lease: { table: 't', replicas: ['eu-west-1'] },
    decision: { every: 5 },
    switchObjects: [],
  }),
  HOLDFAST_SELF: 'us-east-1',
  HOLDFAST_TOPIC: 'arn:aws:sns:us-east-1:123456789012:t',
  HOLDFAST_ACCOUNT: '123456789012',
  HOLDFAST_ROUTING_CONTROLS: JSON.stringify({ endpoints: [{ region: 'us-west-2', endpoint: 'https://x' }], controls: { 'us-east-1': 'arn' } }),
  AWS_ACCESS_KEY_ID: 'a',
  AWS_SECRET_ACCESS_KEY: 'b',
};

/** In a process of its own, as Lambda starts it. @returns milliseconds of processor time: other programs on this machine lengthen it less than the clock's */
const importOnce = (name: string): { readonly processor: number; readonly handler: string } => {
  const program = `
    const before = process.cpuUsage();
    const { handler } = await import(${JSON.stringify(join(folder, name, 'index.mjs'))});
    const { user, system } = process.cpuUsage(before);
    process.stdout.write(JSON.stringify({ processor: (user + system) / 1000, handler: typeof handler }));`;
  const out = execFileSync(process.execPath, ['--no-warnings', '--input-type=module', '-e', program], {
    env: ENVIRONMENT,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return JSON.parse(out) as ReturnType<typeof importOnce>;
};

test('there is a bundle for every function of the failover', () => {
  for (const handler of FAILOVER_HANDLERS) expect(bundles()).toContain(handler);
});

test(`none is larger than ${MOST_BYTES / 1000} kB`, () => {
  const sizes = bundles().map((name) => [name, statSync(join(folder, name, 'index.mjs')).size] as const);
  for (const [name, size] of sizes) expect({ name, small: size <= MOST_BYTES, size }).toMatchObject({ small: true });
});

test(`each is imported within ${MOST_MILLISECONDS} ms, and has a handler`, () => {
  const measured: [string, number][] = [];
  for (const name of bundles()) {
    let best = Infinity;
    for (let look = 0; look < LOOKS && best > MOST_MILLISECONDS; look += 1) {
      const { processor, handler } = importOnce(name);
      expect(handler).toBe('function');
      best = Math.min(best, processor);
    }
    measured.push([name, Math.round(best)]);
  }
  expect(measured.filter(([, milliseconds]) => milliseconds > MOST_MILLISECONDS)).toEqual([]);
}, 300_000);

test('none can call a control plane', () => {
  const path: FailoverPath = { environment: 'p', workloads: [], switchRegions: [], stacks: [], bundles: held() };
  expect(Object.keys(path.bundles).sort()).toEqual([...bundles()].sort());
  expect(lintFailoverPath(path).map(findingText)).toEqual([]);
});

test('none asks anybody but its environment for credentials', () => {
  const asks = (name: string): boolean =>
    /AssumeRoleWithWebIdentity|sso-oidc|meta-data\/iam\/security-credentials/.test(readFileSync(join(folder, name, 'index.mjs'), 'utf8'));
  expect(bundles().filter(asks)).toEqual([]);
});

test('the same sources give the same bytes', () => {
  const again = mkdtempSync(join(tmpdir(), 'lambdas-'));
  execFileSync(process.execPath, [join(ROOT, 'scripts', 'bundle-lambdas.mjs'), again], { cwd: ROOT });
  for (const name of bundles()) expect(readFileSync(join(again, name, 'index.mjs')).equals(readFileSync(join(folder, name, 'index.mjs')))).toBe(true);
  rmSync(again, { recursive: true });
}, 60_000);
