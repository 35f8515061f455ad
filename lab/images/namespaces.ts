import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { findProgram } from './preflight';

/** A step of an image's build failed; the message carries the end of its log and where all of it is. */
export class BuildError extends Error {
  override readonly name = 'BuildError';
}

/**
 * The command as the first process of its own mount and process namespaces. Its mounts are nobody else's and end with it, and so do all its children; it
 * ends when this process does, even by SIGKILL. That is why an interrupted build leaves no mount and no process.
 */
export const inPrivateNamespaces = (argv: readonly string[], extra: readonly string[] = []): string[] => [
  ...['setpriv', '--pdeathsig', 'KILL', 'unshare', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc', '--propagation', 'private', ...extra, '--'],
  ...argv,
];

export interface LoggedRun {
  readonly log: string;
  readonly what: string;
  /** More options of unshare, `--net` for example. */
  readonly namespaces?: readonly string[];
}

const LOG_LINES = 15;

/** Runs a command in private namespaces, its output in a log file. @throws BuildError with the log's last lines */
export const runLogged = async (argv: readonly string[], { log, what, namespaces = [] }: LoggedRun): Promise<void> => {
  await mkdir(dirname(log), { recursive: true });
  const output = createWriteStream(log, { flags: 'a' });
  output.write(`+ ${argv.join(' ')}\n`);
  const [program = '', ...rest] = inPrivateNamespaces(argv, namespaces);
  const child = spawn(findProgram(program) ?? program, rest, { stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.pipe(output, { end: false });
  child.stderr.pipe(output, { end: false });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  await new Promise<void>((resolve) => output.end(() => resolve()));
  if (code === 0) return;
  const lines = (await readFile(log, 'utf8')).trimEnd().split('\n').slice(-LOG_LINES);
  throw new BuildError(`${what} failed (exit ${code ?? 'by signal'}); the end of ${log}:\n${lines.map((line) => `  ${line}`).join('\n')}`);
};
