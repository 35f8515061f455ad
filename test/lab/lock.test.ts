import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sleep } from '../../lab/exec';
import { withLock } from '../../lab/lock';
import { describeIf, programs } from '../support/requires';

describeIf(programs('flock'), 'a lock', () => {
  let file: string;
  beforeEach(() => (file = join(mkdtempSync(join(tmpdir(), 'holdfast-lock-')), 'lock')));
  afterEach(() => rmSync(join(file, '..'), { recursive: true, force: true }));

  test('lets one in at a time, and tells the other that it waits', async () => {
    const order: string[] = [];
    const slow = withLock(
      file,
      () => order.push('first waits'),
      async () => {
        order.push('first in');
        await sleep(1);
        order.push('first out');
      },
    );
    await sleep(0.2);
    await withLock(
      file,
      () => order.push('second waits'),
      () => Promise.resolve(order.push('second in')),
    );
    await slow;
    expect(order).toEqual(['first in', 'second waits', 'first out', 'second in']);
  });

  test('is free again when the work fails', async () => {
    await expect(
      withLock(
        file,
        () => undefined,
        () => Promise.reject(new Error('work failed')),
      ),
    ).rejects.toThrow('work failed');
    expect(
      await withLock(
        file,
        () => undefined,
        () => Promise.resolve('in'),
      ),
    ).toBe('in');
  });

  test('is free again when its holder is killed', async () => {
    // what withLock starts, and dies of: its standard input closes
    const holder = spawn('flock', ['--exclusive', file, 'sh', '-c', 'echo locked; exec cat >/dev/null'], { stdio: ['pipe', 'pipe', 'ignore'] });
    await new Promise((resolve) => holder.stdout.once('data', resolve));
    const waited: string[] = [];
    const second = withLock(
      file,
      () => waited.push('waited'),
      () => Promise.resolve('in'),
    );
    await sleep(0.6);
    holder.stdin.destroy();
    expect(await second).toBe('in');
    expect(waited).toEqual(['waited']);
  });
});
