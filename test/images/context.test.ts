import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { IMAGE_NAMES } from '../../lab/images/catalog';
import { baseContext, imageContext, stageContext } from '../../lab/images/context';
import { projectRoot } from '../../lab/kubernetes/scripts';

describe('a build context', () => {
  let directory: string;
  beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'holdfast-context-'))));
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  const generated = (content: string) => {
    const file = join(directory, `generated-${content}`);
    writeFileSync(file, content);
    const path = (): Promise<string> => Promise.resolve(file);
    return { coredns: path, controller: path };
  };

  test('has the same hash every time', async () => {
    const base = await baseContext('trixie');
    const hashes = async (): Promise<string[]> => Promise.all(IMAGE_NAMES.map(async (name) => (await imageContext(name, base, generated('x'))).hash));
    const first = await hashes();
    expect(await hashes()).toEqual(first);
    expect(new Set(first).size).toBe(IMAGE_NAMES.length);
  });

  test('changes its hash with what is generated for it, and only then', async () => {
    const base = await baseContext('trixie');
    const hashOf = async (name: 'coredns' | 'etcd', content: string): Promise<string> => (await imageContext(name, base, generated(content))).hash;
    expect(await hashOf('coredns', 'a')).not.toBe(await hashOf('coredns', 'b'));
    expect(await hashOf('etcd', 'a')).toBe(await hashOf('etcd', 'b'));
  });

  test('changes its hash with the base', async () => {
    const [one, other] = await Promise.all(['trixie', 'forky'].map(baseContext));
    if (one === undefined || other === undefined) throw new Error('no base');
    expect((await imageContext('etcd', one, generated('x'))).hash).not.toBe((await imageContext('etcd', other, generated('x'))).hash);
  });

  test('is staged as docker build sees it: common, the image, and what is generated', async () => {
    const context = await imageContext('coredns', await baseContext('trixie'), generated('program'));
    const staged = join(directory, 'staged');
    await stageContext(context, staged);
    expect(readdirSync(staged).sort()).toEqual(['common', 'coredns']);
    expect(readFileSync(join(staged, 'coredns/coredns'), 'utf8')).toBe('program');
  });

  test("has the agents' bundles, as the project's build left them", async () => {
    const context = await imageContext('agent', await baseContext('trixie'), generated('x'));
    expect([...context.files.keys()].filter((path) => path.endsWith('.js'))).toContain('agent/follower.js');
  });

  test('keeps the executable bits', async () => {
    const context = await imageContext('patroni', await baseContext('trixie'), generated('x'));
    await stageContext(context, join(directory, 'staged'));
    expect(statSync(join(directory, 'staged/patroni/bin/holdfast-supervise')).mode & 0o111).toBe(0o111);
  });
});

describe('the Dockerfiles', () => {
  const dockerfile = (name: string): string => readFileSync(join(projectRoot(), 'images', name, 'Dockerfile'), 'utf8');

  test.each(['etcd', 'patroni', 'pgbouncer', 'agent', 'backend'])('%s stands on a base that is given, Debian 13 by default, and runs as 999', (name) => {
    expect(dockerfile(name)).toMatch(/^ARG BASE=public\.ecr\.aws\/docker\/library\/debian:13-slim$/m);
    expect(
      dockerfile(name)
        .match(/^FROM .*$/gm)
        ?.every((from) => from.startsWith('FROM ${BASE}')),
    ).toBe(true);
    expect(
      dockerfile(name)
        .match(/^USER .*$/gm)
        ?.at(-1),
    ).toBe('USER 999:999');
  });

  test('every Python distribution is pinned by hash', () => {
    const requirements = readFileSync(join(projectRoot(), 'images/patroni/requirements.txt'), 'utf8');
    const pinned = requirements.match(/^[a-z][^\s]*==\S+ \\\n\s+--hash=sha256:[0-9a-f]{64}/gim) ?? [];
    expect(pinned).toHaveLength((requirements.match(/^[a-z]/gim) ?? []).length);
    expect(requirements).toMatch(/^patroni==4\.1\.5 /m);
    expect(dockerfile('patroni').match(/pip .*install/g)?.length).toBe(dockerfile('patroni').match(/--require-hashes/g)?.length);
  });
});
