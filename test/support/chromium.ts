/** A headless Chromium spoken to over a pipe (Chrome DevTools Protocol), so that a page is looked at in a real browser at an exact width. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { findProgram } from '../../lab/images/preflight';
import type { Requirement } from './requires';

export const chromium: Requirement = () => (findProgram('chromium') === undefined ? 'needs chromium' : undefined);

const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-dev-shm-usage',
  '--remote-debugging-pipe',
];

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly message: string };
}

export interface View {
  readonly width: number;
  readonly dark?: boolean;
  readonly print?: boolean;
}

export interface Browser {
  /** Opens the page and waits until it is loaded. */
  open(url: string, view: View): Promise<void>;
  /** The value of an expression in the page; it must be JSON. */
  evaluate(expression: string): Promise<unknown>;
  /** What the page wrote to the console, threw, or was refused, and every request besides its own file. */
  readonly complaints: readonly string[];
  close(): Promise<void>;
}

const isDuplex = (stream: unknown): stream is Duplex => typeof stream === 'object' && stream !== null && 'write' in stream && 'on' in stream;

const COMPLAINTS: readonly string[] = ['Runtime.consoleAPICalled', 'Runtime.exceptionThrown', 'Log.entryAdded'];
const complaintOf = ({ method = '', params = {} }: Message): string | null => {
  if (COMPLAINTS.includes(method)) return `${method}: ${JSON.stringify(params)}`;
  if (method !== 'Network.requestWillBeSent') return null;
  const url = String((params['request'] as { readonly url?: unknown } | undefined)?.url);
  return url.startsWith('file:') || url.startsWith('data:') ? null : `request: ${url}`;
};

type Answer = Readonly<Record<string, unknown>>;

/** Commands out, answers and events in: JSON, each ended by a NUL. */
class Connection {
  readonly complaints: string[] = [];
  /** Commands go to this page once it is known. */
  sessionId: string | null = null;
  private readonly waiting = new Map<number, (message: Message) => void>();
  private readonly listeners = new Map<string, () => void>();
  private buffer = '';
  private lastId = 0;

  constructor(
    private readonly input: Duplex,
    output: Duplex,
  ) {
    output.on('data', (chunk: Buffer) => {
      this.receive(chunk);
    });
  }

  send(method: string, params: object = {}): Promise<Answer> {
    const id = ++this.lastId;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, ({ error, result }) => {
        this.waiting.delete(id);
        if (error) reject(new Error(`${method}: ${error.message}`));
        else resolve(result ?? {});
      });
      this.input.write(`${JSON.stringify({ id, method, params, ...(this.sessionId === null ? {} : { sessionId: this.sessionId }) })}\0`);
    });
  }

  next(method: string): Promise<void> {
    return new Promise((resolve) => this.listeners.set(method, resolve));
  }

  private receive(chunk: Buffer): void {
    const parts = (this.buffer + chunk.toString('utf8')).split('\0');
    this.buffer = parts.pop() ?? '';
    for (const part of parts) {
      const message = JSON.parse(part) as Message;
      if (message.id !== undefined) this.waiting.get(message.id)?.(message);
      const complaint = complaintOf(message);
      if (complaint !== null) this.complaints.push(complaint);
      this.listeners.get(message.method ?? '')?.();
    }
  }
}

const attach = async (connection: Connection): Promise<void> => {
  const { targetInfos } = (await connection.send('Target.getTargets')) as {
    readonly targetInfos?: readonly { readonly targetId: string; readonly type: string }[];
  };
  const page = targetInfos?.find((t) => t.type === 'page');
  connection.sessionId = String((await connection.send('Target.attachToTarget', { targetId: page?.targetId, flatten: true }))['sessionId']);
  for (const domain of ['Page', 'Runtime', 'Log', 'Network']) await connection.send(`${domain}.enable`);
};

const open = async (connection: Connection, url: string, { width, dark = false, print = false }: View): Promise<void> => {
  await connection.send('Emulation.setDeviceMetricsOverride', { width, height: 900, deviceScaleFactor: 1, mobile: width < 600 });
  const features = [{ name: 'prefers-color-scheme', value: dark ? 'dark' : 'light' }];
  await connection.send('Emulation.setEmulatedMedia', { media: print ? 'print' : '', features });
  const loaded = connection.next('Page.loadEventFired');
  await connection.send('Page.navigate', { url });
  await loaded;
};

/** Starts the browser with a profile of its own. */
export const startBrowser = async (): Promise<Browser> => {
  const program = findProgram('chromium');
  if (program === undefined) throw new Error('chromium is not installed');
  const profile = await mkdtemp(join(tmpdir(), 'holdfast-chromium-'));
  const child = spawn(program, [...FLAGS, `--user-data-dir=${profile}`, 'about:blank'], { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] });
  const [, , , input, output] = child.stdio;
  if (!isDuplex(input) || !isDuplex(output)) throw new Error('no pipe to chromium');
  const connection = new Connection(input, output);
  await attach(connection);
  return {
    complaints: connection.complaints,
    open: (url, view) => open(connection, url, view),
    evaluate: async (expression) =>
      ((await connection.send('Runtime.evaluate', { expression, returnByValue: true }))['result'] as { readonly value?: unknown }).value,
    close: async () => {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
      await rm(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
};
