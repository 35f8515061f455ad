import { spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { run } from '../exec';
import { findProgram, requireSpace, UnmetRequirement } from '../images/preflight';
import { BuildError, inPrivateNamespaces } from '../images/namespaces';
import { projectRoot } from './scripts';

const GO_MINIMUM = [1, 26] as const;
const REPORT_SECONDS = 15;
const LAST_LINES = 15;

export interface SourceBuild {
  /** What has to be built, as the start of a sentence goes on: `Kubernetes`. */
  readonly what: string;
  /** Begins the lines of progress. */
  readonly name: string;
  /** Below images/: called with the directory for the binaries and one for everything else. */
  readonly script: string;
  /** Free space that it needs. */
  readonly neededGib: number;
  /** The environment variable that names a prebuilt archive. */
  readonly variable: string;
}

/** @param go the toolchain's path, if there is one. @throws UnmetRequirement when it is missing or older than 1.26 */
export const requireGo = async (go: string | undefined, { what, alternative }: { readonly what: string; readonly alternative: string }): Promise<void> => {
  const needed = GO_MINIMUM.join('.');
  if (go === undefined)
    throw new UnmetRequirement(`building ${what} from source: there is no Go toolchain; fix: install Go >= ${needed} (https://go.dev/dl/), ${alternative}`);
  const text = await run([go, 'env', 'GOVERSION'], { env: { ...process.env, GOTOOLCHAIN: 'local' } });
  const [, major = '0', minor = '0'] = /^go(\d+)\.(\d+)/.exec(text) ?? [];
  if (Number(major) < GO_MINIMUM[0] || (Number(major) === GO_MINIMUM[0] && Number(minor) < GO_MINIMUM[1]))
    throw new UnmetRequirement(
      `building ${what} from source: Go is too old: given ${text.trim()}; allowed: >= ${needed}; fix: install a newer one, ${alternative}`,
    );
};

/**
 * Runs the build script, which leaves its binaries in `directory`; the Go caches are below it too, so that the caller can remove everything at once.
 * @throws UnmetRequirement, BuildError
 */
export const buildFromSource = async (build: SourceBuild, directory: string, progress: (line: string) => void): Promise<void> => {
  const { name, what } = build;
  await requireGo(findProgram('go'), { what, alternative: `or set ${build.variable} to the path or URL of a prebuilt archive` });
  requireSpace(directory, build.neededGib, `building ${what} from source`);
  const work = join(directory, 'work');
  await mkdir(work);
  const start = Date.now();
  const elapsed = (): string => `${Math.round((Date.now() - start) / 1000)} s`;
  const [program = '', ...rest] = privately(['bash', join(projectRoot(), 'images', build.script), directory, work]);
  const child = spawn(program, rest, { stdio: ['ignore', 'pipe', 'pipe'] });
  const last: string[] = [];
  let step = 'starting';
  let packages = 0;
  createInterface(child.stdout).on('line', (line) => {
    step = line;
    packages = 0;
    progress(`${name}: ${line} (${elapsed()})`);
  });
  createInterface(child.stderr).on('line', (line) => {
    packages += 1;
    last.push(line);
    if (last.length > LAST_LINES) last.shift();
  });
  const ticker = setInterval(() => progress(`${name}: ${step}: ${packages} packages so far (${elapsed()})`), REPORT_SECONDS * 1000);
  const code = await new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve)).finally(() => clearInterval(ticker));
  if (code !== 0) throw new BuildError(`building ${what} failed while ${step} (exit ${code ?? 'by signal'}):\n${last.map((line) => `  ${line}`).join('\n')}`);
  progress(`${name}: built (${elapsed()})`);
};

/** As root the build dies with this process; an ordinary user may build too, without that guarantee. */
const privately = (argv: readonly string[]): string[] => (process.getuid?.() === 0 ? inPrivateNamespaces(argv) : [...argv]);
