import { mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execute, ROOT } from './command-line';

describe('./holdfast', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'holdfast-launcher-'));
    await symlink(join(ROOT, 'holdfast'), join(folder, 'direct'));
    await symlink('direct', join(folder, 'indirect'));
    // Makes ready what this run of the tests may not have made yet.
    await execute(join(ROOT, 'scripts', 'setup.sh'), []);
  }, 300_000);
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test('runs from any folder, through symbolic links, quietly', async () => {
    const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { version: string };
    expect(await execute('./indirect', ['--version'], { cwd: folder })).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
  });

  test('hands over arguments and the exit code', async () => {
    const { code, stderr } = await execute('./direct', ['plan', 'two words'], { cwd: folder });
    expect(code).toBe(2);
    expect(stderr).toContain('unknown environment "two words"');
  });

  test('works several times at once', async () => {
    const all = await Promise.all([1, 2, 3, 4].map(() => execute(join(ROOT, 'holdfast'), ['check', 'dev'])));
    expect(all.map((ran) => ran.code)).toEqual([0, 0, 0, 0]);
  });
});
