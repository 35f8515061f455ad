import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeIf, programs } from '../support/requires';
import { freePort } from '../support/free-port';
import { certificate, patroniPrograms } from './supervised';

interface Outcome {
  readonly code: number | null;
  readonly said: string;
  readonly seconds: number;
}

describeIf(programs('python3', 'openssl'), 'holdfast-handover', () => {
  let directory: string;
  let rest: ChildProcess | undefined;
  let requests: string;
  let port: number;
  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'holdfast-handover-'));
    certificate(directory, 'tls');
    requests = '';
    rest = undefined;
    port = await freePort();
  });
  afterEach(() => {
    rest?.kill('SIGKILL');
    rmSync(directory, { recursive: true, force: true });
  });

  const serve = async (role: string, ...answers: string[]): Promise<void> => {
    const child = spawn('python3', [join(__dirname, 'fake-rest.py'), String(port), join(directory, 'tls.crt'), join(directory, 'tls.key'), role, ...answers], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    rest = child;
    await new Promise<void>((resolve) => {
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        requests += text;
        if (requests.includes('ready')) resolve();
      });
    });
  };

  const handOver = (timeout = '10'): Promise<Outcome> => {
    const env = { ...process.env, HOLDFAST_REST_URL: `https://127.0.0.1:${port}`, HOLDFAST_REST_CERTIFICATES: directory, HOLDFAST_HANDOVER_TIMEOUT: timeout };
    const start = performance.now();
    const child = spawn('python3', [join(patroniPrograms, 'holdfast-handover')], { env, stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
    return new Promise((resolve) => child.once('close', (code) => resolve({ code, said, seconds: (performance.now() - start) / 1000 })));
  };

  test('asks the primary to hand over, without a candidate, with its client certificate, and waits until it is none', async () => {
    await serve('primary', '200');
    const { code, said } = await handOver();
    expect(code).toBe(0);
    expect(said).toMatch(/switchover: 200: Successfully switched over\n.*handed over\n$/s);
    expect(requests).toBe('ready\n/switchover {"leader": "pg-x-0"}\n');
  });

  test('asks again while there is no candidate', async () => {
    await serve('primary', '412', '503', '200');
    const { code, said } = await handOver();
    expect(code).toBe(0);
    expect(said).toMatch(/412: switchover is not possible.*503.*handed over/s);
  });

  test('does not wait for a standby when none streams any more: the whole cluster is being stopped', async () => {
    await serve('primary-alone', '412');
    const { code, said, seconds } = await handOver('20');
    expect(code).toBe(1);
    expect(said).toContain('no standby has streamed for 2 s: nobody to hand over to');
    expect(seconds).toBeLessThan(6);
  });

  test('does nothing on a replica', async () => {
    await serve('replica', '200');
    expect(await handOver()).toMatchObject({ code: 0, said: expect.stringContaining('nothing to hand over: this member is replica') as string });
    expect(requests).toBe('ready\n');
  });

  test('gives up in time, with an exit code that Kubernetes shows', async () => {
    await serve('primary', '412');
    const { code, said, seconds } = await handOver('1.5');
    expect(code).toBe(1);
    expect(said).toContain('not handed over within 1.5 s');
    expect(seconds).toBeLessThan(5);
  });

  test('does not hold up the end of a pod whose Patroni is gone', async () => {
    const { code, said, seconds } = await handOver('60');
    expect(code).toBe(1);
    expect(said).toContain('Patroni gave no answer for 3 s');
    expect(seconds).toBeLessThan(10);
  });

  test('refuses a timeout that is no number', async () => {
    expect(await handOver('soon')).toMatchObject({ code: 1, said: 'holdfast-handover: HOLDFAST_HANDOVER_TIMEOUT must be a number of seconds\n' });
  });
});
