/** `holdfast rotate` as a user starts it: a process of its own, whose progress is followed and which can be killed half-way. */
import { spawn } from 'node:child_process';
import type { LabSettings } from '../settings';
import type { Progress } from '../up';

export interface RotationRun {
  readonly exitCode: number | null;
  /** Null: it was killed. */
  readonly signal: NodeJS.Signals | null;
  readonly progress: readonly string[];
  readonly seconds: number;
}

export interface RotateOptions {
  readonly what: string;
  readonly flags: readonly string[];
  /** SIGKILL as soon as a line of its progress says this. */
  readonly killAt?: string;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/** Must be called inside the lab's network, as everything of a drill is. */
export const rotate = (lab: LabSettings, { what, flags, killAt, progress, signal }: RotateOptions): Promise<RotationRun> => {
  const began = Date.now();
  const lines: string[] = [];
  const args = [...process.execArgv, process.argv[1] ?? '', 'rotate', what, '--lab', lab.name, '--grace', '15', '--json', ...flags];
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    const stop = (): boolean => child.kill('SIGTERM');
    signal.addEventListener('abort', stop);
    let rest = '';
    child.stderr.on('data', (chunk: Buffer) => {
      const parts = `${rest}${chunk.toString('utf8')}`.split('\n');
      rest = parts.pop() ?? '';
      for (const line of parts) {
        lines.push(line);
        progress(`rotate ${what}: ${line.replace(/^\s*[\d.]+ s\s+/, '')}`);
        if (killAt !== undefined && line.includes(killAt)) child.kill('SIGKILL');
      }
    });
    child.on('error', reject);
    child.on('close', (exitCode, killed) => {
      signal.removeEventListener('abort', stop);
      resolve({ exitCode, signal: killed, progress: lines, seconds: (Date.now() - began) / 1000 });
    });
  });
};
