import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../exec';
import { inPrivateNamespaces, runLogged } from './namespaces';

/**
 * buildah with a storage of its own inside the cache: neither the images of the user's own podman or buildah are seen, nor are they touched. Every command runs in
 * private namespaces, and the record of what is mounted (runroot) is thrown away between sessions, because the mounts are gone by then.
 */
export class Buildah {
  private readonly flags: readonly string[];

  constructor(
    readonly directory: string,
    private readonly runroot: string,
  ) {
    this.flags = ['--root', join(directory, 'storage'), '--runroot', runroot, '--storage-driver', 'overlay'];
  }

  /** Forgets what an interrupted session left: its containers, and its record of mounts. */
  async tidy(): Promise<void> {
    await rm(this.runroot, { recursive: true, force: true });
    await mkdir(this.runroot, { recursive: true });
    if (existsSync(join(this.directory, 'storage'))) await this.query(['rm', '--all']);
  }

  async has(reference: string): Promise<boolean> {
    return (await this.query(['images', '--format', '{{.Name}}:{{.Tag}}'])).split('\n').includes(reference);
  }

  async build(options: { reference: string; context: string; dockerfile: string; buildArgs: Readonly<Record<string, string>>; log: string }): Promise<void> {
    const args = Object.entries(options.buildArgs).flatMap(([key, value]) => ['--build-arg', `${key}=${value}`]);
    await runLogged(
      [
        ...['buildah', ...this.flags, 'bud', '--isolation', 'chroot', '--network', 'host', '--pull-never', '--layers'],
        ...[...args, ...certificateSecret(), '--file', options.dockerfile, '--tag', options.reference, options.context],
      ],
      { log: options.log, what: `building ${options.reference}` },
    );
  }

  async exportArchive(reference: string, file: string, log: string): Promise<void> {
    await runLogged(['buildah', ...this.flags, 'push', '--quiet', '--disable-compression', reference, `oci-archive:${file}:${reference}`], {
      log,
      what: `exporting ${reference}`,
    });
  }

  async importArchive(reference: string, file: string): Promise<void> {
    await this.query(['pull', '--quiet', `oci-archive:${file}:${reference}`]);
  }

  /** Copies the image's files into an empty directory. The mount lives as long as the one shell that does it. */
  async copyOut(reference: string, directory: string): Promise<void> {
    const script =
      'set -eu; target=$1; image=$2; shift 2; id=$("$@" from --pull-never "$image"); cp -a "$("$@" mount "$id")/." "$target/"; "$@" umount "$id" >&2; "$@" rm "$id" >&2';
    await run(inPrivateNamespaces(['sh', '-c', script, 'copy-out', directory, reference, 'buildah', ...this.flags]));
  }

  /** Removes the images whose names are not among `keep`, and the layers that nothing needs any more. */
  async keepOnly(keep: readonly string[]): Promise<void> {
    const names = (await this.query(['images', '--format', '{{.Name}}:{{.Tag}}'])).split('\n').filter((name) => name !== '');
    const superseded = names.filter((name) => name.startsWith('localhost/holdfast/') && !keep.includes(name));
    if (superseded.length > 0) await this.query(['rmi', '--force', ...superseded]);
  }

  query(argv: readonly string[]): Promise<string> {
    return run(inPrivateNamespaces(['buildah', ...this.flags, ...argv]));
  }
}

/** The variables by which a machine's owner names a private certificate authority, the most specific first. */
const CERTIFICATE_VARIABLES = ['PIP_CERT', 'SSL_CERT_FILE', 'REQUESTS_CA_BUNDLE', 'CURL_CA_BUNDLE'];

const certificateSecret = (): string[] => {
  const bundle = CERTIFICATE_VARIABLES.map((name) => process.env[name]).find((path) => path !== undefined && path !== '' && existsSync(path));
  return bundle === undefined ? [] : ['--secret', `id=ca,src=${bundle}`];
};

/** The user's package index, when pip is configured by environment variables. */
export const packageIndexArgs = (): Record<string, string> =>
  Object.fromEntries(
    ['PIP_INDEX_URL', 'PIP_EXTRA_INDEX_URL', 'PIP_TRUSTED_HOST'].flatMap((name) => {
      const value = process.env[name];
      return value === undefined || value === '' ? [] : [[name, value] as const];
    }),
  );
