import { createWriteStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { run } from '../exec';

/** The archive that HOLDFAST_KUBERNETES names can't be used; the message says why and what to do. */
export class ArchiveError extends Error {
  override readonly name = 'ArchiveError';
  constructor(location: string, reason: string) {
    super(
      `HOLDFAST_KUBERNETES: given "${location}": ${reason}; allowed: path or URL of a tar archive with kcp and coredns; fix: correct it, or unset it to build from source`,
    );
  }
}

/** What fetch says itself is only "fetch failed". */
const reasonOf = (error: unknown): string => {
  const { cause, message } = error as { readonly cause?: { readonly message?: string }; readonly message?: string };
  return cause?.message ?? message ?? String(error);
};

const isUrl = (location: string): boolean => /^https?:\/\//.test(location);

const download = async (location: string, file: string, progress: (line: string) => void): Promise<void> => {
  progress(`kubernetes: downloading ${location}`);
  const response = await fetch(location).catch((error: unknown) => {
    throw new ArchiveError(location, `no answer (${reasonOf(error)})`);
  });
  if (!response.ok || response.body === null) throw new ArchiveError(location, `the server answered ${response.status}`);
  await pipeline(Readable.fromWeb(response.body), createWriteStream(file));
};

/** Takes the named files out of the archive at a path or URL into a directory. @throws ArchiveError */
export const unpackArchive = async (location: string, files: readonly string[], directory: string, progress: (line: string) => void): Promise<void> => {
  let archive = location;
  if (isUrl(location)) {
    archive = join(directory, 'archive');
    await download(location, archive, progress);
  } else if (
    !(await stat(location).then(
      (found) => found.isFile(),
      () => false,
    ))
  ) {
    throw new ArchiveError(location, 'there is no such file');
  }
  await run(['tar', '--extract', '--file', archive, '--directory', directory, '--no-same-owner', ...files]).catch((error: unknown) => {
    throw new ArchiveError(location, `tar can't unpack ${files.join(' and ')} (${reasonOf(error)})`);
  });
};
