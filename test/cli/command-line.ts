/** The command line as a user runs it: bundled, in a process of its own. */
import { build } from 'esbuild';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

export const ROOT = resolve(__dirname, '..', '..');

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandLine {
  readonly run: (args: readonly string[], environment?: NodeJS.ProcessEnv) => Promise<Ran>;
  readonly remove: () => Promise<void>;
}

export const execute = (file: string, args: readonly string[], options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {}): Promise<Ran> =>
  new Promise((done, fail) => {
    execFile(file, [...args], { ...options, maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      if (error === null) done({ code: 0, stdout, stderr });
      else if (typeof error.code === 'number') done({ code: error.code, stdout, stderr });
      else fail(new Error(`${file} did not run`, { cause: error }));
    });
  });

/** Bundles `bin/holdfast.ts` into dist/ under a name of its own: there its imports resolve, and it doesn't meet what a user has built. */
export const commandLine = async (): Promise<CommandLine> => {
  const outfile = join(ROOT, 'dist', `holdfast-test-${process.pid}.js`);
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-cli-'));
  await build({
    entryPoints: [join(ROOT, 'bin', 'holdfast.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    packages: 'external',
    logLevel: 'warning',
  });
  const env = { ...process.env, NO_COLOR: '1' };
  return {
    run: (args, environment = {}) => execute(process.execPath, [outfile, ...args], { cwd: folder, env: { ...env, ...environment } }),
    remove: async () => {
      await rm(outfile, { force: true });
      await rm(folder, { recursive: true, force: true });
    },
  };
};
