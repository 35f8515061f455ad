import { spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Runs `work` while no other process runs anything under the same lock file. The lock is the kernel's (flock), held by a child whose standard input is a
 * pipe from this process: however this process ends, SIGKILL included, the pipe closes, the child exits and the lock is free.
 *
 * @param onWait called once if somebody else holds the lock
 */
export const withLock = async <T>(file: string, onWait: () => void, work: () => Promise<T>): Promise<T> => {
  await mkdir(dirname(file), { recursive: true });
  const holder = spawn('flock', ['--exclusive', file, 'sh', '-c', 'echo locked; exec cat >/dev/null'], { stdio: ['pipe', 'pipe', 'inherit'], detached: true });
  const gone = new Promise<void>((resolve) => holder.once('close', () => resolve()));
  try {
    await new Promise<void>((resolve, reject) => {
      const waiting = setTimeout(onWait, 300);
      holder.once('error', reject);
      holder.once('exit', (code) => reject(new Error(`flock ${file} ended (exit ${code ?? 'by signal'})`)));
      holder.stdout.once('data', () => resolve());
      holder.stdout.once('data', () => clearTimeout(waiting));
      holder.once('exit', () => clearTimeout(waiting));
    });
    return await work();
  } finally {
    holder.stdin.end();
    if (holder.exitCode === null && holder.signalCode === null && holder.pid !== undefined) await gone;
  }
};
