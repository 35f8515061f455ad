/**
 * Real processes under a clock that is wrong (libfaketime, `LD_PRELOAD`), stepped back while they run as chrony's makestep would: the machine's own clock stays as it is.
 * It shows that the drill clock-step, which tells a pod by how much it is wrong, does to it what a wrong clock does.
 */
import { buildSync } from 'esbuild';
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serveTime } from '../../../lab/acme/time-server';
import { projectRoot } from '../../../lab/kubernetes/scripts';
import { newUser, signedHeaders } from '../../../lab/meter/signing';
import { holdsAt } from '../../../lib/services/alert-evaluation';
import { clockAlerts } from '../../../lib/services/certificate-alerts';
import { environmentNamed } from '../../k8s/fixtures';
import { freePort } from '../../support/free-port';
import { describeIf, root } from '../../support/requires';

const LIBRARIES = ['x86_64', 'aarch64'].map((machine) => `/usr/lib/${machine}-linux-gnu/faketime/libfaketime.so.1`);
const library = process.env['HOLDFAST_LIBFAKETIME'] ?? LIBRARIES.find((path) => existsSync(path));
const faketime = (): string | undefined =>
  root() ?? (library !== undefined && existsSync(library) ? undefined : 'needs libfaketime (apt-get install libfaketime, or its path in HOLDFAST_LIBFAKETIME)');

let directory: string;
let offsetFile: string;
let child: ChildProcess | undefined;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'holdfast-clock-'));
  offsetFile = join(directory, 'offset');
});
afterEach(async () => {
  if (child?.exitCode !== null) return;
  const gone = new Promise((resolve) => child?.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const setClock = (seconds: number): void => writeFileSync(offsetFile, `${seconds < 0 ? '-' : '+'}${Math.abs(seconds)}s\n`);

const start = (program: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): ChildProcess => {
  const file = join(directory, `${program.replaceAll('/', '-')}.js`);
  if (!existsSync(file)) buildSync({ entryPoints: [join(projectRoot(), `${program}.ts`)], outfile: file, bundle: true, platform: 'node', logLevel: 'error' });
  const clock = { LD_PRELOAD: library ?? '', FAKETIME_TIMESTAMP_FILE: offsetFile, FAKETIME_NO_CACHE: '1', DONT_FAKE_MONOTONIC: '1' };
  child = spawn(process.execPath, [file, ...args], { env: { ...clock, ...env }, stdio: 'ignore' });
  return child;
};

const until = async <T>(ask: () => Promise<T | undefined>): Promise<T> => {
  for (const end = performance.now() + 20_000; performance.now() < end;) {
    const found = await ask().catch(() => undefined);
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('not in time');
};

describeIf(faketime, 'a process whose clock is wrong', () => {
  test('the backend goes by it: what is signed now is refused a minute and a half off, taken two thirds of a minute off, and again after a forced resync', async () => {
    const [port, metrics] = [await freePort(), await freePort()];
    const base = `http://127.0.0.1:${port}`;
    setClock(90);
    start('examples/backend/main', [], {
      PORT: String(port),
      METRICS_PORT: String(metrics),
      LOG_LEVEL: 'silent',
      INTERFACE: '{"routes":[{"method":"GET","path":"/signed"}]}',
    });
    const aheadSeconds = async (): Promise<number> => {
      const { time } = (await (await fetch(`${base}/health`)).json()) as { readonly time: string };
      return (Date.parse(time) - Date.now()) / 1000;
    };
    const signed = async (): Promise<number> => (await fetch(`${base}/signed`, { headers: signedHeaders(newUser(), 'GET', '/signed') })).status;
    // An answer takes a while on a busy machine.
    const near = (seconds: number) => (told: number) => Math.abs(told - seconds) < 3;
    expect(near(90)(await until(aheadSeconds))).toBe(true);
    expect(await signed()).toBe(401);
    setClock(-40);
    expect([near(-40)(await aheadSeconds()), await signed()]).toEqual([true, 200]);
    setClock(-90);
    expect(await signed()).toBe(401);
    setClock(0);
    expect([near(0)(await aheadSeconds()), await signed()]).toEqual([true, 200]);
  }, 60_000);

  test('the monitor measures it, the deployed alert holds, and is over after a forced resync', async () => {
    const sources = ['127.77.0.11', '127.77.0.12', '127.77.0.13'];
    const servers = await Promise.all(sources.map((source) => serveTime(source, 123, () => 0)));
    const port = await freePort();
    const configuration = join(directory, 'clock-monitor.json');
    writeFileSync(configuration, JSON.stringify({ sources, maxOffset: 1, checkEvery: 0.2, listen: { host: '127.0.0.1', port } }));
    const alert = clockAlerts(environmentNamed('lab-workloads')).find(({ name }) => name === 'ClockOff')?.expression ?? '';
    const served = async (): Promise<string> => (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    const holds = (wanted: boolean) => until(async () => (holdsAt(alert, [await served()])[0] === wanted ? served() : undefined));
    try {
      setClock(0);
      start('agents/clock-monitor/main', [configuration], { NODE_NAME: 'node-a' });
      expect(await until(async () => /holdfast_clock_known\{node="node-a"} 1/.exec(await served())?.[0])).toBeDefined();
      expect(holdsAt(alert, [await served()])).toEqual([false]);
      setClock(2.5);
      // Ahead: the servers are behind it.
      expect(await holds(true)).toMatch(/holdfast_clock_offset_seconds\{node="node-a"} -2\.[45]/);
      setClock(0);
      expect(await holds(false)).toMatch(/holdfast_clock_offset_seconds\{node="node-a"} -?0\.0|e-/);
    } finally {
      for (const server of servers) server.close();
    }
  }, 60_000);
});
