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

/** Starts the browser with a profile of its own. */
export const startBrowser = async (): Promise<Browser> => {
  const program = findProgram('chromium');
  if (program === undefined) throw new Error('chromium is not installed');
  const profile = await mkdtemp(join(tmpdir(), 'holdfast-chromium-'));
  const child = spawn(program, [...FLAGS, `--user-data-dir=${profile}`, 'about:blank'], { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] });
  const [, , , input, output] = child.stdio;
  if (!isDuplex(input) || !isDuplex(output)) throw new Error('no pipe to chromium');
  const waiting = new Map<number, (message: Message) => void>();
  const listeners = new Map<string, () => void>();
  const complaints: string[] = [];
  let buffer = '';
  output.on('data', (chunk: Buffer) => {
    const parts = (buffer + chunk.toString('utf8')).split('\0');
    buffer = parts.pop() ?? '';
    for (const part of parts) {
      const message = JSON.parse(part) as Message;
      if (message.id !== undefined) waiting.get(message.id)?.(message);
      const complaint = complaintOf(message);
      if (complaint !== null) complaints.push(complaint);
      listeners.get(message.method ?? '')?.();
    }
  });
  let id = 0;
  const session: { sessionId?: string } = {};
  const send = (method: string, params: object = {}): Promise<Readonly<Record<string, unknown>>> =>
    new Promise((resolve, reject) => {
      const own = ++id;
      waiting.set(own, (message) => {
        waiting.delete(own);
        if (message.error) reject(new Error(`${method}: ${message.error.message}`));
        else resolve(message.result ?? {});
      });
      input.write(`${JSON.stringify({ id: own, method, params, ...session })}\0`);
    });
  const { targetInfos } = (await send('Target.getTargets')) as { readonly targetInfos?: readonly { readonly targetId: string; readonly type: string }[] };
  const page = targetInfos?.find((t) => t.type === 'page');
  session.sessionId = String((await send('Target.attachToTarget', { targetId: page?.targetId, flatten: true }))['sessionId']);
  for (const domain of ['Page', 'Runtime', 'Log', 'Network']) await send(`${domain}.enable`);
  return {
    complaints,
    open: async (url, { width, dark = false, print = false }) => {
      await send('Emulation.setDeviceMetricsOverride', { width, height: 900, deviceScaleFactor: 1, mobile: width < 600 });
      await send('Emulation.setEmulatedMedia', { media: print ? 'print' : '', features: [{ name: 'prefers-color-scheme', value: dark ? 'dark' : 'light' }] });
      const loaded = new Promise<void>((resolve) => listeners.set('Page.loadEventFired', resolve));
      await send('Page.navigate', { url });
      await loaded;
    },
    evaluate: async (expression) => ((await send('Runtime.evaluate', { expression, returnByValue: true }))['result'] as { readonly value?: unknown }).value,
    close: async () => {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
      await rm(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
};
