import { createWriteStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { run } from '../exec';

export interface Archive {
  /** Path or URL. */
  readonly location: string;
  /** What is taken out of it. */
  readonly files: readonly string[];
  /** The environment variable that names it. */
  readonly variable: string;
  /** Begins the lines of progress. */
  readonly name: string;
}

/** The archive that the user named can't be used; the message says why and what to do. */
export class ArchiveError extends Error {
  override readonly name = 'ArchiveError';
  constructor({ variable, location, files }: Archive, reason: string) {
    super(
      `${variable}: given "${location}": ${reason}; allowed: path or URL of a tar archive with ${files.join(' and ')}; fix: correct it, or unset it to build from source`,
    );
  }
}

/** What fetch says itself is only "fetch failed". */
const reasonOf = (error: unknown): string => {
  const { cause, message } = error as { readonly cause?: { readonly message?: string }; readonly message?: string };
  return cause?.message ?? message ?? String(error);
};

const isUrl = (location: string): boolean => /^https?:\/\//.test(location);

const download = async (archive: Archive, file: string, progress: (line: string) => void): Promise<void> => {
  progress(`${archive.name}: downloading ${archive.location}`);
  const response = await fetch(archive.location).catch((error: unknown) => {
    throw new ArchiveError(archive, `no answer (${reasonOf(error)})`);
  });
  if (!response.ok || response.body === null) throw new ArchiveError(archive, `the server answered ${response.status}`);
  await pipeline(Readable.fromWeb(response.body), createWriteStream(file));
};

/** Takes the named files out of the archive into a directory. @throws ArchiveError */
export const unpackArchive = async (archive: Archive, directory: string, progress: (line: string) => void): Promise<void> => {
  const { location, files } = archive;
  let file = location;
  if (isUrl(location)) {
    file = join(directory, 'archive');
    await download(archive, file, progress);
  } else if (
    !(await stat(location).then(
      (found) => found.isFile(),
      () => false,
    ))
  ) {
    throw new ArchiveError(archive, 'there is no such file');
  }
  await run(['tar', '--extract', '--file', file, '--directory', directory, '--no-same-owner', ...files]).catch((error: unknown) => {
    throw new ArchiveError(archive, `tar can't unpack ${files.join(' and ')} (${reasonOf(error)})`);
  });
};
