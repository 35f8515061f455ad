/** A holdfast-supervise of its own for one test: a fake Patroni below it, and the log of what both did. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';

import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '../../lab/exec';
import { projectRoot } from '../../lab/kubernetes/scripts';
import { freePort } from '../support/free-port';

export interface FakeEvent {
  /** CLOCK_MONOTONIC, seconds */
  readonly at: number;
  readonly pid: number;
  readonly what: string;
}

/** A self-signed certificate, `<name>.crt` and `<name>.key` in the directory. */
export const certificate = (directory: string, name: string): void => {
  const options = '-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=fake'.split(' ');
  execFileSync('openssl', ['req', '-x509', ...options, '-keyout', join(directory, `${name}.key`), '-out', join(directory, `${name}.crt`)], { stdio: 'ignore' });
};

export const patroniPrograms = join(projectRoot(), 'images', 'patroni', 'bin');

export class Supervised {
  private child: ChildProcess | undefined;
  private log = '';
  readonly exited: Promise<number | null>;
  private resolveExit: (code: number | null) => void = () => undefined;

  private constructor(
    readonly directory: string,
    private readonly env: NodeJS.ProcessEnv,
  ) {
    this.exited = new Promise((resolve) => (this.resolveExit = resolve));
  }

  static async start(extra: Readonly<Record<string, string>> = {}, command?: readonly string[]): Promise<Supervised> {
    const directory = mkdtempSync(join(tmpdir(), 'holdfast-supervise-'));
    certificate(directory, 'tls');
    const port = await freePort();
    mkdirSync(join(directory, 'pgdata'));
    const env = {
      ...process.env,
      ...{ FAKE_DIR: directory, FAKE_PORT: String(port), PGDATA: join(directory, 'pgdata') },
      ...{
        HOLDFAST_PROBE_URL: `https://127.0.0.1:${port}/liveness`,
        HOLDFAST_PROBE_INTERVAL: '0.2',
        HOLDFAST_PROBE_TIMEOUT: '0.5',
        HOLDFAST_PROBE_FAILURES: '3',
      },
      ...extra,
    };
    const supervised = new Supervised(directory, env);
    supervised.spawn(command ?? ['python3', join(__dirname, 'fake-patroni.py')]);
    return supervised;
  }

  private spawn(command: readonly string[]): void {
    const child = spawn('python3', [join(patroniPrograms, 'holdfast-supervise'), ...command], { env: this.env, stdio: ['ignore', 'ignore', 'pipe'] });
    child.stderr.setEncoding('utf8').on('data', (text: string) => (this.log += text));
    child.once('close', (code) => this.resolveExit(code));
    this.child = child;
  }

  get pid(): number {
    return this.child?.pid ?? 0;
  }

  /** What the supervisor wrote so far. */
  get output(): string {
    return this.log;
  }

  events(what?: string): FakeEvent[] {
    const file = join(this.directory, 'events.log');
    const lines = existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n') : [];
    const events = lines.map((line) => {
      const [at = '', pid = '', ...rest] = line.split(' ');
      return { at: Number(at), pid: Number(pid), what: rest.join(' ') };
    });
    return what === undefined ? events : events.filter((event) => event.what === what);
  }

  /** Waits until the fake has reported `what` for the nth time. */
  async event(what: string, nth = 1, withinSeconds = 10): Promise<FakeEvent> {
    return until(`the fake's event "${what}" number ${nth}`, withinSeconds, () => Promise.resolve(this.events(what)[nth - 1]), 0.02);
  }

  async says(pattern: RegExp, withinSeconds = 10): Promise<void> {
    await until(`the supervisor saying ${pattern}`, withinSeconds, () => Promise.resolve(pattern.test(this.log) ? true : undefined), 0.02);
  }

  pidIn(name: string): number {
    return Number(readFileSync(join(this.directory, 'pgdata', name), 'utf8'));
  }

  mute(): void {
    writeFileSync(join(this.directory, 'mute'), '');
  }

  private killRest(): void {
    const recorded = ['postmaster.pid', 'backend.pid'].filter((name) => existsSync(join(this.directory, 'pgdata', name))).map((name) => this.pidIn(name));
    const started = this.events('start').map(({ pid }) => pid);
    // A file that is just being written reads as 0, and a number may be somebody else's by now.
    for (const pid of [...recorded, ...started]) if (pid > 1 && belongsTo(pid, this.directory)) kill(pid, 'SIGKILL');
  }

  /** Ends whatever is left of this test, and nothing else: every process here has FAKE_DIR in its environment. */
  async end(): Promise<void> {
    // The supervisor first: it would start another Patroni. One that it had just started may still have to say so, and keeps the log open meanwhile.
    if (this.child?.exitCode === null && this.child.signalCode === null) this.child.kill('SIGKILL');
    const sweep = setInterval(() => this.killRest(), 50);
    this.killRest();
    await this.exited;
    clearInterval(sweep);
    rmSync(this.directory, { recursive: true, force: true });
  }
}

const belongsTo = (pid: number, directory: string): boolean => {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').includes(`FAKE_DIR=${directory}`);
  } catch {
    return false;
  }
};

export const kill = (pid: number, signal: NodeJS.Signals): void => {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
};

export const isAlive = (pid: number): boolean => {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
};

/** The same clock as the fake's events. */
export const monotonic = (): number => Number(process.hrtime.bigint()) / 1e9;
