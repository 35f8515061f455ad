import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';
import { projectRoot } from '../kubernetes/scripts';

/** Bundles the leader follower into one file for the agent image (Node.js 20); returns its path, which depends on its content alone. */
export const bundleFollower = async (directory: string): Promise<string> => {
  const { outputFiles } = await build({
    entryPoints: [join(projectRoot(), 'agents', 'follower', 'main.ts')],
    absWorkingDir: projectRoot(),
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    write: false,
    logLevel: 'silent',
  });
  const contents = outputFiles[0]?.contents;
  if (contents === undefined) throw new Error('esbuild made no bundle of agents/follower/main.ts');
  const file = join(directory, `follower-${createHash('sha256').update(contents).digest('hex').slice(0, 12)}.js`);
  if (!existsSync(file)) {
    await mkdir(directory, { recursive: true });
    const partial = `${file}.${process.pid}`;
    await writeFile(partial, contents);
    await rename(partial, file);
  }
  return file;
};
