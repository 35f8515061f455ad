import { execFile, spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';

/** A program of the host failed: which, how, and what it said. */
export class CommandError extends Error {
  constructor(
    readonly argv: readonly string[],
    readonly exitCode: number | null,
    readonly stderr: string,
  ) {
    super(`\`${argv.join(' ')}\` failed (exit ${exitCode ?? 'by signal'}): ${stderr.trim() || 'no message'}`);
    this.name = 'CommandError';
  }
}

export interface RunOptions {
  readonly input?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly timeoutSeconds?: number;
}

/** Runs a program to its end and returns what it printed. @throws CommandError when it exits with anything but 0 */
export const run = (argv: readonly string[], options: RunOptions = {}): Promise<string> => {
  const [program = '', ...rest] = argv;
  return new Promise((resolve, reject) => {
    const child = execFile(
      program,
      rest,
      {
        env: options.env ?? process.env,
        maxBuffer: 64 * 1024 * 1024,
        ...(options.timeoutSeconds === undefined ? {} : { timeout: options.timeoutSeconds * 1000, killSignal: 'SIGKILL' as const }),
      },
      (error, stdout, stderr) => {
        if (error) reject(new CommandError(argv, typeof error.code === 'number' ? error.code : null, stderr || error.message));
        else resolve(stdout);
      },
    );
    if (options.input !== undefined) child.stdin?.end(options.input);
  });
};

/** Starts a program that outlives this one, in a session of its own. */
export const startDetached = (argv: readonly string[], options: SpawnOptions): ChildProcess => {
  const [program = '', ...rest] = argv;
  const child = spawn(program, rest, { ...options, detached: true });
  child.unref();
  return child;
};

export const sleep = (seconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

/** Asks again until the answer is there. @throws Error naming `what` after `withinSeconds`, with the last failure */
export const until = async <T>(what: string, withinSeconds: number, ask: () => Promise<T | undefined>, everySeconds = 0.1): Promise<T> => {
  const deadline = Date.now() + withinSeconds * 1000;
  let last: unknown;
  for (;;) {
    try {
      const answer = await ask();
      if (answer !== undefined) return answer;
    } catch (error) {
      last = error;
    }
    if (Date.now() > deadline) throw new Error(`${what}: not within ${withinSeconds} s${last instanceof Error ? ` (last: ${last.message})` : ''}`);
    await sleep(everySeconds);
  }
};
