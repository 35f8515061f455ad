import { PASSWORD_KEYS } from '../../lib/services/rotation/roles';
import { type App, CfnResource, Stack } from 'aws-cdk-lib';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { FAIL_SYNTH_ON_VALIDATION_ERRORS_CONTEXT } from 'aws-cdk-lib/cx-api';
import { buildSync } from 'esbuild';
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { defineApp, deployableEnvironments } from '../../bin/synth';

const ROOT = resolve(__dirname, '..', '..');
const scratch = mkdtempSync(join(tmpdir(), 'synth-'));
const runner = join(ROOT, 'dist', 'test-synth.js');

/** A process of its own, as a user starts it: `node dist/test-synth.js <fast|full> <outdir>`. */
beforeAll(() => {
  execFileSync(process.execPath, [join(ROOT, 'scripts', 'build.mjs'), 'agents', 'backend', 'lambdas'], { cwd: ROOT });
  const contents = `
    import { deployableEnvironments, synthesize } from './bin/synth';
    const [, , mode, outdir] = process.argv;
    const result = synthesize({ environments: deployableEnvironments(), fast: mode === 'fast', outdir });
    const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
    console.log(JSON.stringify({ ...result, cpuSeconds: (userCPUTime + systemCPUTime) / 1e6, memoryMegabytes: maxRSS / 1024 }));`;
  buildSync({
    stdin: { contents, resolveDir: ROOT, loader: 'ts' },
    outfile: runner,
    bundle: true,
    platform: 'node',
    target: 'node20',
    packages: 'external',
    logLevel: 'error',
  });
});
afterAll(() => {
  rmSync(scratch, { recursive: true });
  rmSync(runner, { force: true });
});

interface Outcome {
  readonly routing: readonly unknown[];
  readonly stacks: readonly { readonly name: string; readonly environment: string; readonly region: string; readonly resources: number }[];
  readonly skipped: readonly string[];
  readonly cpuSeconds: number;
  readonly memoryMegabytes: number;
}

/** Without a network where the machine allows it: then whatever is not on this machine fails. */
const withoutNetwork = (program: string): [string, ...string[]] => (spawnSync('unshare', ['-n', 'true']).status === 0 ? ['unshare', '-n', program] : [program]);
const NOWHERE = 'http://127.0.0.1:9';

const run = (mode: 'fast' | 'full', name: string): Outcome => {
  const [command, ...wrapped] = withoutNetwork(process.execPath);
  const args = [...wrapped, '--liftoff-only', '--max-semi-space-size=4', runner, mode, join(scratch, name)];
  const env = { PATH: process.env.PATH, HTTP_PROXY: NOWHERE, HTTPS_PROXY: NOWHERE, AWS_EC2_METADATA_DISABLED: 'true' };
  return JSON.parse(execFileSync(command, args, { cwd: scratch, env, encoding: 'utf8' })) as Outcome;
};

const filesOf = (name: string): ReadonlyMap<string, string> => {
  const folder = join(scratch, name);
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => statSync(join(folder, file)).isFile());
  return new Map(
    files.sort().map((file) => [
      file,
      createHash('sha256')
        .update(readFileSync(join(folder, file)))
        .digest('hex'),
    ]),
  );
};

describe('synthesis of all environments', () => {
  let fast: Outcome;
  beforeAll(() => {
    fast = run('fast', 'a');
  }, 120_000);

  test('verifies what DNS answers, also when it is fast, and counts', () => {
    expect(fast.routing).toEqual([
      { environment: 'production', violations: 0, situations: 8, combinations: 16, cases: 50 },
      { environment: 'staging', violations: 0, situations: 1, combinations: 1, cases: 3 },
    ]);
  });

  test('needs neither network nor credentials, and writes the stacks of every environment but the lab', () => {
    expect(fast.stacks.map((s) => s.name).sort()).toEqual(
      [
        ...['dev', 'staging', 'production'].flatMap((e) =>
          ['network', 'alerts', 'data-protection', 'platform', 'workloads'].map((part) => `${e}-eu-central-1-${part}`),
        ),
        ...['network', 'alerts', 'data-protection', 'platform', 'workloads', 'peering'].map((part) => `production-us-east-1-${part}`),
        'production-eu-central-1-peering-routes',
        ...[
          'eu-central-1-entrance',
          'us-east-1-entrance',
          'us-east-1-edge',
          'us-east-1-edge-key',
          'eu-west-1-traffic',
          'us-east-1-dns-alarms',
          'eu-west-1-lease',
          'eu-west-1-witness',
          'eu-central-1-failover',
          'us-east-1-failover',
        ].map((stack) => `production-${stack}`),
        ...['eu-west-1', 'eu-west-3', 'us-west-2'].map((region) => `production-${region}-switch`),
        ...['eu-central-1-entrance', 'eu-central-1-traffic', 'us-east-1-alerts', 'us-east-1-dns-alarms', 'us-east-1-edge', 'us-east-1-edge-key'].map(
          (stack) => `staging-${stack}`,
        ),
        ...['staging', 'production'].map((e) => `${e}-eu-central-1-drills`),
      ].sort(),
    );
  });

  test('gives the same bytes twice', () => {
    run('fast', 'b');
    const [first, second] = [filesOf('a'), filesOf('b')];
    expect(first.size).toBeGreaterThan(50);
    expect([...second]).toEqual([...first]);
  }, 120_000);

  test('--fast costs less than 5 s of processor time and 400 MB, and says what it skips', () => {
    expect(fast.cpuSeconds).toBeLessThan(5);
    expect(fast.memoryMegabytes).toBeLessThan(400);
    expect(fast.skipped).toEqual(['cdk-nag (AwsSolutions)', 'the CloudFormation validator']);
  });

  test('passes cdk-nag and the CloudFormation validator without a finding that is not acknowledged, in less than 400 MB', () => {
    const full = run('full', 'full');
    expect(full.skipped).toEqual([]);
    expect(full.memoryMegabytes).toBeLessThan(400);
    // cdk-nag reports nothing once all of its findings are acknowledged; that it does report is shown below.
    const report = JSON.parse(readFileSync(join(scratch, 'full', 'validation-report.json'), 'utf8')) as {
      pluginReports: { pluginName: string; conclusion: string; violations: unknown[]; suppressedViolations?: { reason?: string }[] }[];
    };
    expect(report.pluginReports.map((p) => p.pluginName)).toContain('CloudFormation Validate');
    for (const plugin of report.pluginReports) {
      expect(plugin).toMatchObject({ conclusion: 'success', violations: [] });
      for (const acknowledged of plugin.suppressedViolations ?? []) expect(acknowledged.reason?.length).toBeGreaterThan(30);
    }
  }, 180_000);

  test('the secret that the cluster reads has the keys that the charts ask for', () => {
    const template = readFileSync(join(scratch, 'a', 'assembly-production', 'productioneucentral1workloads61BAA4CA.template.json'), 'utf8').replaceAll(
      '\\"',
      '"',
    );
    const asked = [...template.matchAll(/"extract":\{"key":"([^"]+)"\}/g)].map((m) => m[1]);
    expect(new Set(asked)).toEqual(new Set(['holdfast/production/eu-central-1/postgres', 'holdfast/production/eu-central-1/cache']));
    const protection = readFileSync(join(scratch, 'a', 'assembly-production', 'productioneucentral1dataprotection5B16A345.template.json'), 'utf8');
    for (const property of Object.values(PASSWORD_KEYS)) expect(protection).toContain(`\\"${property}\\":\\"{{resolve:secretsmanager:`);
  });
});

describe('the checks', () => {
  let app: App;
  beforeEach(() => {
    app = defineApp({ environments: [], fast: false, outdir: join(scratch, 'planted') });
  });
  const stack = (): Stack => new Stack(app, 'planted', { env: { region: 'eu-central-1' } });

  test('fail the synthesis when cdk-nag finds something', () => {
    new s3.Bucket(stack(), 'Unprotected');
    expect(() => app.synth()).toThrow(/AwsSolutions-S10/);
  });

  test('fail the synthesis when the CloudFormation validator finds something', () => {
    new CfnResource(stack(), 'Wrong', { type: 'AWS::EC2::VPC', properties: { CidrBlok: '10.0.0.0/16' } });
    expect(() => app.synth()).toThrow(/'CidrBlok' was unexpected/);
  }, 120_000);
});

describe('what DNS answers', () => {
  const production = deployableEnvironments().filter(({ name }) => name === 'production');

  test('fails the synthesis when a record is wrong, with the case', () => {
    const app = defineApp({ environments: production, fast: true, outdir: join(scratch, 'wrong-record') });
    const record = app.node.findChild('production').node.findChild('eu-west-1-traffic').node.findChild('Dns').node.findChild('UnlessUse1Primary');
    if (!(record instanceof CfnResource)) throw new Error('no record');
    record.addPropertyDeletionOverride('HealthCheckId');
    expect(() => app.synth()).toThrow(
      /never-a-fenced-region: [^]*app\.example\.com, asked from NA, when [^]*2 of 3 switch objects say active=us-east-1[^]*: eu-central-1 is answered/,
    );
  }, 120_000);

  test('fails the synthesis when a health check is wrong, with the case', () => {
    const app = defineApp({ environments: production, fast: true, outdir: join(scratch, 'wrong-check') });
    const check = app.node.findChild('production').node.findChild('eu-west-1-traffic').node.findChild('Dns').node.findChild('NotTakenByUse1');
    if (!(check instanceof CfnResource)) throw new Error('no check');
    check.addPropertyOverride('HealthCheckConfig.HealthThreshold', 1);
    expect(() => app.synth()).toThrow(/one-region-for-writers: [^]*writer\.example\.com[^]*1 of 3 switch objects say active=us-east-1/);
  }, 120_000);
});

test('a finding fails the synthesis under CDK’s command line as well, which would leave it out', () => {
  const before = process.env.CDK_CONTEXT_JSON;
  process.env.CDK_CONTEXT_JSON = JSON.stringify({ [FAIL_SYNTH_ON_VALIDATION_ERRORS_CONTEXT]: false });
  try {
    expect(defineApp({ environments: [], fast: true, outdir: join(scratch, 'cli') }).node.tryGetContext(FAIL_SYNTH_ON_VALIDATION_ERRORS_CONTEXT)).toBe(true);
  } finally {
    if (before === undefined) delete process.env.CDK_CONTEXT_JSON;
    else process.env.CDK_CONTEXT_JSON = before;
  }
});

test('the lab is not deployed to AWS', () => {
  expect(deployableEnvironments().map((e) => e.name)).toEqual(['dev', 'production', 'staging']);
});
