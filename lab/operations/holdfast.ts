/** Runs the command line itself, as an operator would: what a drill proves is the command. */
import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';

export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
}

/**
 * @param file where its standard error goes
 * @returns when it has ended, with whatever exit code
 */
export const runHoldfast = (args: readonly string[], file: string, signal?: AbortSignal): Promise<CommandResult> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...process.execArgv, process.argv[1] ?? '', ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(signal === undefined ? {} : { signal }),
    });
    const log = createWriteStream(file, { flags: 'a' });
    child.stderr.pipe(log);
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout: Buffer.concat(chunks).toString('utf8') }));
  });
