import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pruneUnused } from '../../lab/images/prune';

describe('pruning a cache directory', () => {
  let directory: string;
  beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'holdfast-prune-'))));
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  const entry = (name: string, hoursAgo: number): void => {
    const path = join(directory, name);
    if (name.endsWith('.tar')) writeFileSync(path, '');
    else mkdirSync(path);
    const used = new Date(Date.now() - hoursAgo * 3_600_000);
    utimesSync(path, used, used);
  };
  const prune = async (keep: readonly string[] = []): Promise<string[]> => {
    await pruneUnused(
      directory,
      /^[a-z]+-\d/,
      (name) => name.replace(/-.*/, ''),
      keep.map((name) => join(directory, name)),
    );
    return readdirSync(directory).sort();
  };

  test('keeps the two of every group that were used last', async () => {
    for (const [name, age] of [
      ['etcd-1', 9],
      ['etcd-2', 8],
      ['etcd-3', 7],
      ['agent-1', 100],
    ] as const)
      entry(name, age);
    expect(await prune()).toEqual(['agent-1', 'etcd-2', 'etcd-3']);
  });

  test('keeps what was used within the hour, what is asked for, and what is no entry', async () => {
    for (const [name, age] of [
      ['etcd-1.tar', 0.1],
      ['etcd-2.tar', 0.2],
      ['etcd-3.tar', 0.3],
      ['etcd-4.tar', 5],
      ['etcd-5.tar', 6],
      ['lock', 900],
    ] as const)
      entry(name, age);
    expect(await prune(['etcd-5.tar'])).toEqual(['etcd-1.tar', 'etcd-2.tar', 'etcd-3.tar', 'etcd-5.tar', 'lock']);
  });
});
