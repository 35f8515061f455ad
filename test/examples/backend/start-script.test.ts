import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { projectRoot } from '../../../lab/kubernetes/scripts';

const SCRIPT = join(projectRoot(), 'images', 'backend', 'bin', 'holdfast-backend');
const MIB = 1024 * 1024;
const NO_LIMIT_OF_V1 = '9223372036854771712';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'holdfast-start-'));
  mkdirSync(join(directory, 'bin'));
  writeFileSync(join(directory, 'bin', 'node'), '#!/bin/sh\necho "$@"\n');
  chmodSync(join(directory, 'bin', 'node'), 0o755);
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const environment = (files: Readonly<Record<string, string>>, env: Readonly<Record<string, string>>) => {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), `${content}\n`);
  }
  return { PATH: `${join(directory, 'bin')}:/usr/bin:/bin`, CGROUP_DIRECTORY: directory, ...env };
};

test.each<[string, Readonly<Record<string, string>>, Readonly<Record<string, string>>, number]>([
  ['60 % of the limit of cgroup v2', { 'memory.max': String(512 * MIB) }, {}, 307],
  ['60 % of the limit of cgroup v1', { 'memory/memory.limit_in_bytes': String(256 * MIB) }, {}, 153],
  ["60 % of what the pod was given, where the kernel doesn't say", { 'memory.max': 'max' }, { MEMORY_LIMIT_MIB: '1000' }, 600],
  ['the same on v1, which says it with a large number', { 'memory/memory.limit_in_bytes': NO_LIMIT_OF_V1 }, { MEMORY_LIMIT_MIB: '1000' }, 600],
  ['4 GiB without a limit', { 'memory.max': 'max' }, {}, 4096],
])('the heap is %s', (_name, files, env, heap) => {
  const started = execFileSync('sh', [SCRIPT], { env: environment(files, env), encoding: 'utf8' });
  expect(started).toContain(`--max-old-space-size=${heap} `);
  expect(started).toContain('--report-on-fatalerror --report-uncaught-exception --report-directory=/var/lib/holdfast/reports');
});

test('a limit that is too small is refused, with what would do', () => {
  const { status, stderr } = spawnSync('sh', [SCRIPT], { env: environment({ 'memory.max': String(64 * MIB) }, {}), encoding: 'utf8' });
  expect([status, stderr]).toEqual([78, expect.stringContaining('set a limit of 107 MiB or more')]);
});
