/** The lab's S3 server: the Versity S3 Gateway over a folder, built from its published Go module into the cache. */
import { existsSync } from 'node:fs';
import { copyFile, mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheRoot } from '../cache';
import { run } from '../exec';
import { findProgram, requireSpace, UnmetRequirement } from '../images/preflight';
import { requireGo } from '../kubernetes/source-build';
import { withLock } from '../lock';

/** The Go module proxy's checksum database vouches for these bytes and for those of everything they import. */
export const VERSITYGW_VERSION = 'v1.8.0';
const MODULE = 'github.com/versity/versitygw/cmd/versitygw';
const NEEDED_GIB = 2;

/**
 * The program: from the cache, else from HOLDFAST_VERSITYGW (a path), else built (about 2 CPU-minutes).
 * @throws UnmetRequirement when it has to be built and Go is missing or too old, or there is no space
 */
export const objectStoreBinary = async (progress: (line: string) => void): Promise<string> => {
  const directory = join(cacheRoot(), `versitygw-${VERSITYGW_VERSION}`);
  const program = join(directory, 'versitygw');
  if (existsSync(program)) return program;
  await mkdir(cacheRoot(), { recursive: true });
  await withLock(
    join(cacheRoot(), 'versitygw.lock'),
    () => progress('object store: another process is getting it: waiting for it'),
    async () => {
      if (!existsSync(program)) await obtain(directory, progress);
    },
  );
  return program;
};

const obtain = async (directory: string, progress: (line: string) => void): Promise<void> => {
  const partial = `${directory}.partial`;
  await run(['rm', '-rf', partial]);
  await mkdir(partial, { recursive: true });
  try {
    const given = process.env.HOLDFAST_VERSITYGW;
    if (given === undefined || given === '') await build(partial, progress);
    else await take(given, join(partial, 'versitygw'));
    await run(['chmod', '755', join(partial, 'versitygw')]);
    await rm(directory, { recursive: true, force: true });
    await rename(partial, directory);
  } finally {
    await run(['rm', '-rf', partial]);
  }
};

const take = async (given: string, target: string): Promise<void> => {
  if (!existsSync(given)) throw new UnmetRequirement(`HOLDFAST_VERSITYGW: given "${given}", which does not exist; allowed: the path of a versitygw program`);
  await copyFile(given, target);
};

const build = async (directory: string, progress: (line: string) => void): Promise<void> => {
  const go = findProgram('go');
  await requireGo(go, { what: 'the object store', alternative: 'or set HOLDFAST_VERSITYGW to the path of a versitygw program' });
  requireSpace(directory, NEEDED_GIB, 'building the object store from source');
  progress(`object store: building versitygw ${VERSITYGW_VERSION} from its Go module (about 2 minutes, once)`);
  const start = Date.now();
  // -modcacherw: what is downloaded can be removed again without changing modes first.
  await run([go ?? 'go', 'install', '-trimpath', '-modcacherw', '-ldflags=-s -w -buildid=', `${MODULE}@${VERSITYGW_VERSION}`], {
    env: { ...process.env, CGO_ENABLED: '0', GOBIN: directory, GOPATH: join(directory, 'go'), GOCACHE: join(directory, 'cache'), GOFLAGS: '' },
  });
  await run(['rm', '-rf', join(directory, 'go'), join(directory, 'cache')]);
  progress(`object store: built (${Math.round((Date.now() - start) / 1000)} s)`);
};
