import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeIf, programs, type Requirement } from '../support/requires';
import { isAlive, kill, monotonic, Supervised } from './supervised';

const linux: Requirement = () => (process.platform === 'linux' ? programs('python3', 'openssl', 'setsid')() : `needs Linux, this is ${process.platform}`);

describeIf(linux, 'holdfast-supervise', () => {
  let supervised: Supervised;
  afterEach(() => supervised.end());

  test('restarts a killed Patroni at once and leaves PostgreSQL running', async () => {
    supervised = await Supervised.start();
    const first = await supervised.event('ready');
    const postmaster = supervised.pidIn('postmaster.pid');
    const killedAt = Date.now();
    kill(first.pid, 'SIGKILL');
    await supervised.event('start', 2);
    const [, restartedAt = ''] = supervised.output.split('\n').filter((line) => line.includes(' started '));
    expect(Date.parse(restartedAt.slice(0, 24)) - killedAt).toBeLessThan(500);
    expect(supervised.output).toMatch(/was killed by SIGKILL: restarting it, PostgreSQL is left running/);
    expect(isAlive(postmaster)).toBe(true);
  });

  test('adopts the postmaster that its Patroni orphaned, and reaps it when it ends', async () => {
    supervised = await Supervised.start();
    kill((await supervised.event('ready')).pid, 'SIGKILL');
    await supervised.event('ready', 2);
    const postmaster = supervised.pidIn('postmaster.pid');
    expect(readFileSync(`/proc/${postmaster}/status`, 'utf8')).toContain(`PPid:\t${supervised.pid}\n`);
    kill(supervised.pidIn('backend.pid'), 'SIGKILL');
    kill(postmaster, 'SIGKILL');
    await expect(gone(postmaster)).resolves.toBe(true);
  });

  test('kills and restarts a stopped Patroni in less than 4 seconds', async () => {
    supervised = await Supervised.start();
    const first = await supervised.event('ready');
    const stoppedAt = monotonic();
    kill(first.pid, 'SIGSTOP');
    const second = await supervised.event('start', 2);
    expect(second.at - stoppedAt).toBeLessThan(4);
    expect(supervised.output).toMatch(/is stopped: killing it/);
  });

  test('leaves a Patroni alone that was stopped for less than the allowed checks', async () => {
    supervised = await Supervised.start({ HOLDFAST_PROBE_FAILURES: '20' });
    const first = await supervised.event('ready');
    kill(first.pid, 'SIGSTOP');
    await pause(1);
    kill(first.pid, 'SIGCONT');
    await pause(1);
    expect(supervised.events('start')).toHaveLength(1);
    expect(isAlive(first.pid)).toBe(true);
  });

  test('kills and restarts a Patroni that runs but answers nothing', async () => {
    supervised = await Supervised.start();
    const first = await supervised.event('ready');
    await pause(0.6);
    supervised.mute();
    await supervised.event('start', 2);
    expect(supervised.output).toMatch(/gave no answer 3 times in a row: killing it/);
    expect(isAlive(first.pid)).toBe(false);
  });

  test('never kills a Patroni that has not answered yet: it may be starting', async () => {
    supervised = await Supervised.start({ FAKE_MUTE: '1' });
    await supervised.event('ready');
    await pause(4);
    expect(supervised.output).not.toMatch(/killing/);
    expect(supervised.events('start')).toHaveLength(1);
  });

  test('takes an unhealthy answer for a living Patroni, and says so once', async () => {
    supervised = await Supervised.start({ FAKE_STATUS: '503' });
    await supervised.event('ready');
    await supervised.says(/answers 503/);
    await pause(2);
    expect(supervised.events('start')).toHaveLength(1);
    expect(supervised.output.match(/answers 503/g)).toHaveLength(1);
  });

  test('hands SIGTERM to Patroni, waits for it, and exits with its code', async () => {
    supervised = await Supervised.start();
    await supervised.event('ready');
    const postmaster = supervised.pidIn('postmaster.pid');
    kill(supervised.pid, 'SIGTERM');
    expect(await supervised.exited).toBe(7);
    expect(supervised.events('signal SIGTERM')).toHaveLength(1);
    expect(isAlive(postmaster)).toBe(false);
  });

  test('stops PostgreSQL itself when Patroni is killed while it stops', async () => {
    supervised = await Supervised.start();
    const { pid } = await supervised.event('ready');
    const postmaster = supervised.pidIn('postmaster.pid');
    kill(pid, 'SIGSTOP');
    kill(supervised.pid, 'SIGTERM');
    await supervised.says(/still running: fast shutdown/);
    kill(supervised.pidIn('backend.pid'), 'SIGKILL');
    expect(await supervised.exited).toBe(128 + 9);
    expect(isAlive(postmaster)).toBe(false);
  });

  test('hands SIGHUP on, without stopping', async () => {
    supervised = await Supervised.start();
    await supervised.event('ready');
    kill(supervised.pid, 'SIGHUP');
    await supervised.event('signal SIGHUP');
    await pause(0.5);
    expect(supervised.events('start')).toHaveLength(1);
  });

  test('gives up after five deaths within ten seconds, with an exit code for the kubelet', async () => {
    supervised = await Supervised.start({ FAKE_EXIT: '3' });
    expect(await supervised.exited).toBe(1);
    expect(supervised.events('start')).toHaveLength(5);
    expect(supervised.output).toMatch(/exited with 3: 5 deaths within 10 s, giving up/);
  });

  test('kills a stopped postmaster and its children', async () => {
    supervised = await Supervised.start();
    await supervised.event('ready');
    const postmaster = supervised.pidIn('postmaster.pid');
    const backend = supervised.pidIn('backend.pid');
    kill(postmaster, 'SIGSTOP');
    await supervised.says(/the postmaster \(pid \d+\) is stopped: killing it and its children/);
    await expect(gone(postmaster)).resolves.toBe(true);
    await expect(gone(backend)).resolves.toBe(true);
  });

  test.each(['0', '-1', 'soon'])('refuses HOLDFAST_PROBE_INTERVAL=%s', async (value) => {
    supervised = await Supervised.start({ HOLDFAST_PROBE_INTERVAL: value });
    expect(await supervised.exited).toBe(1);
    expect(supervised.output).toContain(`HOLDFAST_PROBE_INTERVAL must be a number > 0, got '${value}'`);
  });

  test('says which program it can not start', async () => {
    supervised = await Supervised.start({}, ['/nonexistent/patroni']);
    expect(await supervised.exited).toBe(127);
    expect(supervised.output).toMatch(/cannot start \/nonexistent\/patroni: No such file/);
  });

  test('hands over when the volume is full, and not again at once', async () => {
    const programs = mkdtempSync(join(tmpdir(), 'holdfast-path-'));
    writeFileSync(join(programs, 'holdfast-handover'), '#!/bin/sh\necho once >>"$FAKE_DIR/handovers"\n', { mode: 0o755 });
    try {
      // More than any disk has: the volume counts as full.
      supervised = await Supervised.start({ HOLDFAST_DISK_RESERVE: String(2 ** 60), PATH: `${programs}:${process.env['PATH'] ?? ''}` });
      await supervised.event('ready');
      await new Promise((resolve) => setTimeout(resolve, 3_500));
      expect(readFileSync(join(supervised.directory, 'handovers'), 'utf8')).toBe('once\n');
      expect(supervised.output).toMatch(/the volume is full \(\d+ bytes left\): handing over/);
    } finally {
      rmSync(programs, { recursive: true, force: true });
    }
  });

  test('does not hand over while there is room', async () => {
    supervised = await Supervised.start({ HOLDFAST_DISK_RESERVE: '1' });
    await supervised.event('ready');
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(supervised.output).not.toMatch(/volume is full/);
  });
});

const pause = (seconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

/** Whether a process, zombies included, disappears within 5 s. */
const gone = async (pid: number): Promise<boolean> => {
  for (let i = 0; i < 100; i++) {
    try {
      process.kill(pid, 0);
    } catch {
      return true;
    }
    await pause(0.05);
  }
  return false;
};
