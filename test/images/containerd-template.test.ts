import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { buildImages } from '../../lab/images/build';
import { containerdTemplate } from '../../lab/images/containerd-template';
import { describeIf, imageTools } from '../support/requires';

const silent = { progress: () => undefined };
const BUILD_MILLISECONDS = 15 * 60_000;

describeIf(imageTools, 'images and the containerd template in the cache', () => {
  beforeAll(async () => {
    await containerdTemplate(await buildImages(silent), silent);
  }, BUILD_MILLISECONDS);

  test('a second build does nothing, in less than a few seconds, and names the same images', async () => {
    const first = await buildImages(silent);
    const archives = Object.values(first).map(({ archive }) => statSync(archive).ino);
    const lines: string[] = [];
    const start = performance.now();
    const second = await buildImages({ progress: (line) => lines.push(line) });
    expect(performance.now() - start).toBeLessThan(3000);
    expect(lines).toEqual([]);
    expect(second).toEqual(first);
    expect(Object.values(second).map(({ archive }) => statSync(archive).ino)).toEqual(archives);
    for (const { name, reference, hash } of Object.values(second)) expect(reference).toBe(`localhost/holdfast/${name}:${hash.slice(0, 12)}`);
  });

  test('the template is a containerd root with overlayfs snapshots', async () => {
    const template = await containerdTemplate(await buildImages(silent), silent);
    expect(existsSync(join(template, 'io.containerd.metadata.v1.bolt', 'meta.db'))).toBe(true);
    expect(existsSync(join(template, 'io.containerd.snapshotter.v1.overlayfs', 'metadata.db'))).toBe(true);
    expect(existsSync(`${template}.partial`)).toBe(false);
  });
});
