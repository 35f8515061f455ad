import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '../../lab/exec';
import { inPrivateNamespaces, runLogged } from '../../lab/images/namespaces';
import { describeIf, programs, root } from '../support/requires';
import { isAlive } from './supervised';

const namespaces = (): string | undefined => root() ?? programs('unshare', 'setpriv')();

describeIf(namespaces, 'a build in namespaces of its own', () => {
  let directory: string;
  beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'holdfast-namespaces-'))));
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  const mounted = (): boolean => readFileSync('/proc/self/mounts', 'utf8').includes(directory);

  test('leaves no process and no mount when its starter is killed', async () => {
    const work = inPrivateNamespaces(['sh', '-c', `mount -t tmpfs none ${directory}; sleep 600 & cat /proc/self/mounts; wait`]);
    const starter = spawn(
      process.execPath,
      [
        '-e',
        `const c = require('child_process').spawn(${JSON.stringify(work[0])}, ${JSON.stringify(work.slice(1))}, { stdio: ['ignore', 1, 2] }); console.log('child', c.pid);`,
      ],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    let said = '';
    starter.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
    await until('the mount inside', 10, () => Promise.resolve(said.includes(`none ${directory} tmpfs`) ? true : undefined), 0.05);
    expect(mounted()).toBe(false);
    const child = Number(/child (\d+)/.exec(said)?.[1]);
    expect(isAlive(child)).toBe(true);
    starter.kill('SIGKILL');
    await until('the child gone', 10, () => Promise.resolve(isAlive(child) ? undefined : true), 0.05);
  });

  test('a failing step says which, how, the end of its log and where it is', async () => {
    const log = join(directory, 'logs', 'step.log');
    const step = runLogged(['sh', '-c', 'for i in $(seq 40); do echo line $i; done; echo broken >&2; exit 3'], { log, what: 'building a thing' });
    await expect(step).rejects.toThrow(/^building a thing failed \(exit 3\); the end of .*step\.log:\n( {2}line \d+\n){14} {2}broken$/);
    expect(readFileSync(log, 'utf8')).toContain('line 1\n');
  });
});
