import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { ENVIRONMENTS } from '../../lib/environments';
import { RULES } from '../../lib/topology/rules';
import { scenariosOf } from '../../lib/topology/applicable';
import { defineEnvironment } from '../../lib/topology/define';
import { commandLine, type CommandLine, type Ran } from './command-line';

let holdfast: CommandLine;
let folder: string;
beforeAll(async () => {
  holdfast = await commandLine();
  folder = await mkdtemp(join(tmpdir(), 'holdfast-cli-'));
});
afterAll(async () => {
  await holdfast.remove();
  await rm(folder, { recursive: true, force: true });
});

const scenarios = (name: string): readonly string[] => {
  const input = ENVIRONMENTS[name];
  if (input === undefined) throw new Error(`no environment ${name}`);
  return scenariosOf(defineEnvironment(input));
};
const json = (ran: Ran): unknown => JSON.parse(ran.stdout);

describe('holdfast', () => {
  test('without a command shows its help and calls that a usage error', async () => {
    const { code, stdout } = await holdfast.run([]);
    expect(code).toBe(2);
    expect(stdout).toMatch(/^Usage: holdfast/);
  });

  test.each([['--help'], ['plan', '--help'], ['check', '--help'], ['synth', '--help'], ['manifests', '--help'], ['images', 'build', '--help']])(
    'helps with %s',
    async (...args) => {
      const { code, stdout } = await holdfast.run(args);
      expect(code).toBe(0);
      expect(stdout).toMatch(/Usage: holdfast/);
      expect(stdout).toMatch(/Example: holdfast/);
      expect(stdout).toMatch(/Exit codes: /);
    },
  );

  test.each([
    [['plann'], /unknown command 'plann'\n\(Did you mean plan\?\)/],
    [['check', '--jsn'], /unknown option '--jsn'\n\(Did you mean --json\?\)/],
    [['manifests', 'dev'], /required option '--out <dir>'/],
    [['manifests', 'dev', '--out', 'x'], /give it with --account/],
    [['restore', '--into', 'clone', '--at', 'xid:1'], /--table/],
    [['restore', '--at', 'yesterday'], /allowed: a time with its zone/],
    [
      ['plan', 'prod'],
      /unknown environment "prod" \(did you mean production\?\); there are dev, lab-failover, lab-nostream, lab-p3, lab-pouw, lab-regions-cache, lab-regions, lab-workloads, lab, production, staging/,
    ],
    [['check', 'constructor'], /unknown environment "constructor"; there are/],
    [['synth', 'lab'], /lab is not deployed to AWS; there are dev, production, staging/],
    [['manifests', 'dev', '--account', '123456789012', '--out', 'x', '--registry', 'HTTP://x'], /allowed: host\[:port]\/path/],
  ])('%j is a usage error, and says why', async (args, says) => {
    const { code, stdout, stderr } = await holdfast.run(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(says);
    expect(stderr).not.toMatch(/\n {4}at /);
  });

  test('prints its version', async () => expect((await holdfast.run(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/));

  test('shows an unexpected error’s stack trace only when asked', async () => {
    const file = join(folder, 'a-file');
    await writeFile(file, '');
    const args = ['manifests', 'dev', '--account', '123456789012', '--out', join(file, 'below')];
    const short = await holdfast.run(args);
    expect(short.code).toBe(3);
    expect(short.stderr).toMatch(/error: ENOTDIR/);
    expect(short.stderr).not.toMatch(/\n {4}at /);
    expect((await holdfast.run([...args, '--verbose'])).stderr).toMatch(/\n {4}at /);
    expect((await holdfast.run(args, { HOLDFAST_DEBUG: '1' })).stderr).toMatch(/\n {4}at /);
  });
});

describe('holdfast check', () => {
  test('finds nothing wrong with the environments', async () => {
    const { code, stdout } = await holdfast.run(['check']);
    expect(code).toBe(0);
    for (const name of Object.keys(ENVIRONMENTS)) expect(stdout).toContain(`ok  ${name}: ${RULES.length} rules, ${scenarios(name).length} budgets`);
  });

  test('as JSON has no violations and names the tightest scenario', async () =>
    expect(json(await holdfast.run(['check', 'production', '--json']))).toEqual([
      {
        environment: 'production',
        violations: [],
        budgets: scenarios('production').length,
        tightest: { scenario: expect.any(String), upperSeconds: expect.any(Number), objectiveSeconds: expect.any(Number) },
      },
    ]));
});

describe('holdfast plan', () => {
  test('says what will exist, and what a standby region does not run yet', async () => {
    const { code, stdout } = await holdfast.run(['plan', 'production']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/PostgreSQL +pg-euc1-0, pg-euc1-1, pg-euc1-2/);
    expect(stdout).toMatch(
      /us-east-1 \(standby\)[^]*pg-use1-0, pg-use1-1, pg-use1-2, following the home region[^]*not yet +a certificate authority .*not in this release/,
    );
    for (const scenario of scenarios('production')) expect(stdout).toMatch(new RegExp(`${scenario} +[\\d.]+ to [\\d.]+ s +[\\d.]+ s`));
  });

  test('as JSON carries every budget with its stages', async () =>
    expect(json(await holdfast.run(['plan', 'dev', '--json']))).toMatchObject({
      environment: 'dev',
      budgets: scenarios('dev').map((scenario) => ({ scenario, stages: expect.any(Array), upperSeconds: expect.any(Number) })),
    }));

  test('has no colour in a pipe', async () => expect((await holdfast.run(['plan', 'dev'], { NO_COLOR: '' })).stdout).not.toContain('\u001b'));
});

describe('holdfast manifests', () => {
  const region = (name: string): string => join(folder, 'out', name);
  const write = (...more: readonly string[]): Promise<Ran> =>
    holdfast.run(['manifests', 'production', '--account', '123456789012', '--out', join(folder, 'out'), ...more]);

  test('writes the charts of each region, with a kustomization that names them', async () => {
    const { code, stdout, stderr } = await write('--registry', 'registry.example.com/holdfast', '--tag', 'v1');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const both = ['cache.yaml', 'cluster.yaml', 'etcd.yaml', 'kustomization.yaml', 'pooler.yaml', 'postgres.yaml'];
    expect(await readdir(region('eu-central-1'))).toEqual([...both, 'backup.yaml', 'delayed-replica.yaml', 'maintenance.yaml'].toSorted());
    expect(await readdir(region('us-east-1'))).toEqual(both);
    const postgres = await readFile(join(region('eu-central-1'), 'postgres.yaml'), 'utf8');
    expect(postgres).toContain('image: registry.example.com/holdfast/patroni:v1');
    expect(parseAllDocuments(postgres).flatMap((document) => ('errors' in document ? document.errors : []))).toEqual([]);
    expect(stdout.trim().split('\n')).toHaveLength(2 * both.length + 3);
  });

  test('twice are the same; what a person wrote stays, what an earlier run wrote and no chart has any more goes', async () => {
    const mine = join(region('us-east-1'), 'mine.yaml');
    const stale = join(region('us-east-1'), 'postgres.yaml');
    await mkdir(region('us-east-1'), { recursive: true });
    await write('--tag', 'v2');
    const first = await readFile(join(region('eu-central-1'), 'etcd.yaml'), 'utf8');
    await writeFile(mine, 'kind: ConfigMap\n');
    await writeFile(stale, first);
    await write('--tag', 'v2');
    expect(await readFile(join(region('eu-central-1'), 'etcd.yaml'), 'utf8')).toBe(first);
    expect(await readdir(region('us-east-1'))).toEqual([
      'cache.yaml',
      'cluster.yaml',
      'etcd.yaml',
      'kustomization.yaml',
      'mine.yaml',
      'pooler.yaml',
      'postgres.yaml',
    ]);
  });

  test('without a registry says that no node can pull the images', async () => expect((await write()).stderr).toMatch(/name your registry with --registry/));
});
