/** The import law, by planting what it forbids: a rule that never fires would be no rule. */
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { execute, ROOT, type Ran } from '../cli/command-line';

const ROOMS = ['bin', 'lib', 'k8s', 'lab', 'agents', 'examples'];
const DEPCRUISE = join(ROOT, 'node_modules', 'dependency-cruiser', 'bin', 'dependency-cruiser.mjs');

const depcruise = (cwd: string, folders: readonly string[]): Promise<Ran> =>
  execute(process.execPath, [DEPCRUISE, '--config', join(ROOT, '.dependency-cruiser.cjs'), ...folders], { cwd });

/** A file in the first place, which imports a file in the second, or a package. */
type Import = readonly [from: string, to: string];

const FORBIDDEN: readonly (readonly [...Import, rule: string])[] = [
  ['lib/topology', 'lib/services', 'topology-imports-nothing'],
  ['lib/topology', 'node:fs', 'topology-imports-nothing'],
  ['lib/topology', 'package:yaml', 'topology-imports-nothing'],
  ['lib/services', 'lib/drill', 'lib-services-imports-inward-only'],
  ['lib/environments', 'lib/services', 'lib-environments-imports-inward-only'],
  ['lib/constructs', 'lib/stacks', 'lib-constructs-imports-inward-only'],
  ['lib/constructs', 'k8s', 'lib-constructs-imports-inward-only'],
  ['k8s', 'lab', 'k8s-imports-inward-only'],
  ['k8s', 'lib/constructs', 'k8s-imports-inward-only'],
  ['lab', 'k8s', 'lab-imports-inward-only'],
  ['agents/follower', 'lab', 'agents-imports-inward-only'],
  ['lambdas', 'agents', 'lambdas-imports-inward-only'],
  ['examples/backend', 'lib/services', 'examples-backend-imports-inward-only'],
  ['k8s', 'package:aws-cdk-lib', 'cdk-stays-in-its-rooms'],
  ['lab', 'package:aws-cdk-lib/aws-ec2', 'cdk-stays-in-its-rooms'],
  ['lib/stacks', 'bin', 'nothing-imports-the-command-line'],
  ['bin', 'package:jest', 'no-development-dependencies'],
  ['lib/services', 'package:no-such-package', 'no-orphaned-imports'],
];
const ALLOWED: readonly Import[] = [
  ['lib/services', 'lib/topology'],
  ['lib/constructs', 'lib/services'],
  ['lib/constructs', 'package:aws-cdk-lib'],
  ['lib/stacks', 'lib/constructs'],
  ['k8s', 'lib/services'],
  ['lab', 'lib/drill'],
  ['bin', 'lab'],
];

const write = async (file: string, text: string): Promise<void> => {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
};

const importer = ([from]: Import, index: number): string => `${from}/importer-${index}.ts`;

const plant = async (folder: string, [from, to]: Import, index: number): Promise<void> => {
  const depth = from.split('/').length;
  const isFile = !to.startsWith('package:') && !to.startsWith('node:');
  const specifier = isFile ? `${'../'.repeat(depth)}${to}/imported-${index}` : to.replace('package:', '');
  if (isFile) await write(join(folder, to, `imported-${index}.ts`), 'export const value = 1;\n');
  await write(join(folder, importer([from, to], index)), `import * as imported from '${specifier}';\nexport const used = imported;\n`);
};

/** Cruises a project in which exactly these imports are. */
const cruise = async (imports: readonly Import[]): Promise<Ran> => {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-imports-'));
  try {
    for (const name of ['node_modules', 'tsconfig.json', 'package.json']) await symlink(join(ROOT, name), join(folder, name));
    for (const room of [...ROOMS, 'lambdas']) await mkdir(join(folder, room), { recursive: true });
    for (const [index, each] of imports.entries()) await plant(folder, each, index);
    return await depcruise(folder, [...ROOMS, 'lambdas']);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

describe('the import law', () => {
  let refused: Ran;
  beforeAll(async () => {
    refused = await cruise(FORBIDDEN.map(([from, to]) => [from, to]));
  }, 60_000);

  test('is kept by the project', async () => {
    const { code, stdout } = await depcruise(ROOT, ROOMS);
    expect(stdout).toContain('no dependency violations found');
    expect(code).toBe(0);
  }, 60_000);

  test.each(FORBIDDEN.map(([from, to, rule], index) => [from, to, rule, index] as const))('refuses that %s imports %s: %s', (from, to, rule, index) => {
    expect(refused.code).not.toBe(0);
    expect(refused.stdout).toContain(`error ${rule}: ${importer([from, to], index)} `);
  });

  test('allows what points inward', async () => {
    const { code, stdout } = await cruise(ALLOWED);
    expect(stdout).toContain('no dependency violations found');
    expect(code).toBe(0);
  }, 60_000);
});
