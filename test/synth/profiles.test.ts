/** Every profile in every environment, through the CDK, with the charts that are deployed. Labs are not deployed; what runs in them beside Kubernetes is made of their templates. */
import { buildSync } from 'esbuild';
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ENVIRONMENTS } from '../../lib/environments';
import { PROFILES } from '../profiles/support';
import type { Result, Results } from './profiles-runner';

const ROOT = resolve(__dirname, '..', '..');
const runner = join(ROOT, 'dist', 'test-profiles.js');
/** Files of assets are hashed, and not copied: they are CDK's own, and 60 MB each time. */
const NO_COPIES = JSON.stringify({ 'aws:cdk:disable-asset-staging': true });

let all: Results;
beforeAll(() => {
  execFileSync(process.execPath, [join(ROOT, 'scripts', 'build.mjs'), 'agents', 'backend', 'lambdas'], { cwd: ROOT });
  buildSync({ entryPoints: [join(__dirname, 'profiles-runner.ts')], outfile: runner, bundle: true, platform: 'node', packages: 'external', logLevel: 'error' });
  const env = { PATH: process.env.PATH, CDK_CONTEXT_JSON: NO_COPIES };
  all = JSON.parse(execFileSync(process.execPath, ['--liftoff-only', runner], { env, encoding: 'utf8', maxBuffer: 2 ** 24 })) as Results;
}, 580_000);
afterAll(() => rmSync(runner, { force: true }));

const resultOf = (profile: string, environment?: string): Result => {
  const found = all.results.find((result) => result.profile === profile && (environment === undefined || result.environment === environment));
  if (found === undefined) throw new Error(`nothing was tried of ${profile}`);
  return found;
};

describe.each(Object.keys(PROFILES))('profile %s', (profile) =>
  test.each(Object.keys(ENVIRONMENTS))('is synthesized in %s, with a release of each of its workloads in every region', (environment) =>
    expect(resultOf(profile, environment)).toEqual({ profile, environment, error: '', missing: [] }),
  ),
);

describe('a planted fault is found', () => {
  test('a chart that is too large to be deployed', () =>
    expect(resultOf('a chart that is too large to be deployed').error).toMatch(/chart "workload-backend" is \d+ bytes and may have 200000: split it/));
  test('a workload that is not there', () => expect(resultOf('a workload that is not there').missing).toEqual(['eu-central-1 phantom']));
});

test('all of it costs less than 90 s of processor time', () => expect(all.cpuSeconds).toBeLessThan(90));
