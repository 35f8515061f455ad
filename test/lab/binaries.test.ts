import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readlinkSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { controllerBinaries, kubernetesBinaries, KUBERNETES_VERSION } from '../../lab/kubernetes/binaries';
import { requireGo } from '../../lab/kubernetes/source-build';
import { describeIf, programs, root } from '../support/requires';

const x64 = (): string | undefined => (process.arch === 'x64' ? programs('tar', 'xz', 'flock')() : `the binaries are for x86-64, this is ${process.arch}`);

describeIf(x64, 'where Kubernetes comes from', () => {
  let cacheDir: string;
  const lines: string[] = [];
  const get = (archive: string): Promise<string> => kubernetesBinaries({ cacheDir, archive, progress: (line) => lines.push(line) });
  const directory = (): string => join(cacheDir, `kubernetes-${KUBERNETES_VERSION}`);

  beforeEach(() => {
    cacheDir = mkdtempSync(join(tmpdir(), 'holdfast-binaries-'));
    lines.length = 0;
  });
  afterEach(() => rmSync(cacheDir, { recursive: true, force: true }));

  /** A tar archive of the right shape whose binaries are not the pinned ones. */
  const forgery = (names: readonly string[] = ['kcp', 'coredns']): string => {
    const source = join(cacheDir, 'forgery');
    mkdirSync(source);
    for (const name of names) writeFileSync(join(source, name), `not ${name}`);
    execFileSync('tar', ['-C', source, '-cJf', join(cacheDir, 'forgery.tar.xz'), ...names]);
    return join(cacheDir, 'forgery.tar.xz');
  };

  test('takes what is in the cache, and looks at nothing else', async () => {
    mkdirSync(directory());
    writeFileSync(join(directory(), 'verified'), '');
    expect(await get('/nonexistent.tar.xz')).toBe(directory());
    expect(lines).toEqual([]);
  });

  test('refuses binaries that are not the pinned ones, naming both checksums, and keeps nothing of them', async () => {
    await expect(get(forgery())).rejects.toThrow(/^kcp from .*forgery\.tar\.xz: SHA-256 is [0-9a-f]{64}; allowed: 1abe0213/);
    expect(readdirSync(cacheDir).sort()).toEqual(['forgery', 'forgery.tar.xz', 'kubernetes.lock']);
  });

  test("the controllers' archive is another one, with checksums of its own", async () => {
    const archive = forgery(['rollouts-controller', 'metrics-server', 'pebble', 'pebble-challtestsrv']);
    const controllers = controllerBinaries({ cacheDir, archive, progress: (line) => lines.push(line) });
    await expect(controllers).rejects.toThrow(/^rollouts-controller from .*SHA-256 is [0-9a-f]{64}; allowed: [0-9a-f]{64} \(Argo Rollouts 1\./);
    const missing = controllerBinaries({ cacheDir, archive: '/nonexistent.tar.xz', progress: () => undefined });
    await expect(missing).rejects.toThrow(
      /^HOLDFAST_CONTROLLERS: given "\/nonexistent\.tar\.xz": there is no such file; allowed: .* rollouts-controller and metrics-server/,
    );
  });

  test('a cache that an interrupted run left is not taken for whole', async () => {
    mkdirSync(directory());
    writeFileSync(join(directory(), 'kcp'), 'half');
    await expect(get('/nonexistent.tar.xz')).rejects.toThrow(/there is no such file/);
  });

  test.each<[string, () => string, RegExp]>([
    ['is not there', () => '/nonexistent.tar.xz', /given "\/nonexistent\.tar\.xz": there is no such file; allowed: path or URL.*fix:/],
    ['is a directory', () => cacheDir, /there is no such file/],
    ['lacks a binary', () => forgery(['kcp']), /tar can't unpack kcp and coredns/],
    ['is no archive', () => __filename, /tar can't unpack/],
    ['is a URL that nobody serves', () => 'http://127.0.0.1:65431/kubernetes.tar.xz', /no answer \(.*ECONNREFUSED/],
  ])('says so when the archive %s', async (_, archive, message) => {
    await expect(get(archive())).rejects.toThrow(message);
    expect(existsSync(directory())).toBe(false);
  });

  describe('by URL', () => {
    let server: Server;
    let url: string;
    beforeEach(async () => {
      const archive = forgery();
      server = createServer((request, response) => {
        if (request.url !== '/kubernetes.tar.xz') response.writeHead(404).end();
        else response.end(execFileSync('cat', [archive]));
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    });
    afterEach(() => server.close());

    test('downloads it, saying so, and verifies it all the same', async () => {
      await expect(get(`${url}/kubernetes.tar.xz`)).rejects.toThrow(/SHA-256 is/);
      expect(lines).toEqual([`kubernetes: downloading ${url}/kubernetes.tar.xz`]);
    });

    test('says what the server answered', async () => {
      await expect(get(`${url}/other`)).rejects.toThrow(/the server answered 404/);
    });
  });

  describe('from source', () => {
    const kubernetes = { what: 'Kubernetes', alternative: 'or set HOLDFAST_KUBERNETES to an archive' };
    const fakeGo = (version: string): string => {
      const file = join(cacheDir, 'go');
      writeFileSync(file, `#!/bin/sh\necho ${version}\n`);
      chmodSync(file, 0o755);
      return file;
    };

    test.each(['go1.21.0', 'go1.25.9', 'go0.99'])('%s is too old, said at once', async (version) => {
      await expect(requireGo(fakeGo(version), kubernetes)).rejects.toThrow(
        `given ${version}; allowed: >= 1.26; fix: install a newer one, or set HOLDFAST_KUBERNETES`,
      );
    });

    test.each(['go1.26', 'go1.26.8', 'go1.30.1', 'go2.0'])('%s is new enough', async (version) => {
      await expect(requireGo(fakeGo(version), kubernetes)).resolves.toBeUndefined();
    });

    test('a missing toolchain is said with what to do', async () => {
      await expect(requireGo(undefined, kubernetes)).rejects.toThrow(/there is no Go toolchain; fix: install Go >= 1\.26 .*, or set HOLDFAST_KUBERNETES/);
    });
  });
});

/** Where no archive is given, one is packed from the binaries that the lab's tests need anyway. */
describeIf(
  () => x64() ?? root(),
  'a prebuilt archive',
  () => {
    const SET_UP = 45 * 60_000;
    let cacheDir: string;
    let archive: string;
    beforeAll(async () => {
      cacheDir = mkdtempSync(join(tmpdir(), 'holdfast-binaries-'));
      const given = process.env['HOLDFAST_KUBERNETES'] ?? '';
      archive = existsSync(given) ? given : join(cacheDir, 'packed.tar.gz');
      if (archive === given) return;
      const built = await kubernetesBinaries({ progress: () => undefined });
      execFileSync('tar', ['-C', built, '-czf', archive, 'kcp', 'coredns']);
    }, SET_UP);
    afterAll(() => rmSync(cacheDir, { recursive: true, force: true }));

    test('is unpacked, verified, linked; the second time nothing is done', async () => {
      const get = (): Promise<string> => kubernetesBinaries({ cacheDir, archive, progress: () => undefined });
      const directory = await get();
      expect(readdirSync(directory).sort()).toEqual(
        ['coredns', 'etcd', 'kcp', 'kube-apiserver', 'kube-controller-manager', 'kube-proxy', 'kube-scheduler', 'kubectl', 'kubelet', 'verified'].sort(),
      );
      expect(readlinkSync(join(directory, 'kubelet'))).toBe('kcp');
      expect(execFileSync(join(directory, 'kubectl'), ['version', '--client'], { encoding: 'utf8' })).toContain(`v${KUBERNETES_VERSION}`);
      const { mtimeMs } = statSync(directory);
      await get();
      expect(statSync(directory).mtimeMs).toBe(mtimeMs);
    }, 120_000);
  },
);
