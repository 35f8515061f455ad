/** Runs `holdfast` as an operator would, and notes when each line of its progress came. */
import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { ProcedureContext } from '../drill/procedures/procedure';
import { now } from '../meter/clock';

export interface CommandRun {
  readonly args: readonly string[];
  readonly exitCode: number | null;
  readonly beganAt: number;
  readonly endedAt: number;
  /** What it printed. */
  readonly stdout: string;
  /** What it said meanwhile, each line with its time. */
  readonly lines: readonly { readonly t: number; readonly text: string }[];
}

export const LOG = 'holdfast.log';

export interface Following {
  /** SIGKILL as soon as a line of its progress begins so. */
  readonly killAt?: string;
  readonly onLine?: (line: string) => void;
  /** @default - this process' own: the command runs in the network that the drill runs in */
  readonly environment?: NodeJS.ProcessEnv;
}

export const holdfast = (
  { lab, directory, progress, signal }: ProcedureContext,
  args: readonly string[],
  { killAt, onLine, environment = process.env }: Following = {},
): Promise<CommandRun> =>
  new Promise((resolve, reject) => {
    const beganAt = now();
    const lines: { readonly t: number; readonly text: string }[] = [];
    const argv = [...process.execArgv, process.argv[1] ?? '', ...args, '--lab', lab.name, '--json'];
    const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'pipe'], signal, env: environment });
    const log = createWriteStream(join(directory, LOG), { flags: 'a' });
    log.write(`# holdfast ${args.join(' ')}\n`);
    createInterface({ input: child.stderr }).on('line', (line) => {
      const text = line.replace(/^\d{4}-\d\d-\d\dT\S+Z /, ''); // of a job's log
      lines.push({ t: now(), text });
      log.write(`${(now() - beganAt).toFixed(1)} s  ${text}\n`);
      if (args[0] === 'restore') progress(`${args[0]}: ${text.slice(0, 160)}`);
      onLine?.(text);
      if (killAt !== undefined && text.startsWith(killAt)) child.kill('SIGKILL');
    });
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.on('error', reject);
    child.on('close', (exitCode) => {
      log.end();
      resolve({ args, exitCode, beganAt, endedAt: now(), stdout: Buffer.concat(chunks).toString('utf8'), lines });
    });
  });

/** Why it did not end well, or null. */
export const failureOf = (run: CommandRun): string | null =>
  run.exitCode === 0
    ? null
    : `exit ${run.exitCode ?? 'by a signal'}: ${
        run.lines
          .slice(-2)
          .map(({ text }) => text)
          .join(' / ') || 'it said nothing'
      }`;

/** When it first said a line that begins so. */
export const saidAt = ({ lines }: CommandRun, start: string): number | null => lines.find(({ text }) => text.startsWith(start))?.t ?? null;
