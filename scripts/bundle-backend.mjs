// Bundles the reference backend, examples/backend/main.ts, into one file for the image `backend`: into images/backend, where every build of the image finds it
// (lab, `cdk deploy`), or into the directory given. The same sources give the same bytes.
import { mkdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

export const bundleBackend = async (directory = join(root, 'images', 'backend')) => {
  mkdirSync(directory, { recursive: true });
  await build({
    absWorkingDir: root,
    entryPoints: ['examples/backend/main.ts'],
    outfile: join(directory, 'backend.js'),
    // With everything it needs: the image has no node_modules.
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    minify: false,
    sourcemap: false,
    // pg asks for its native binding and for Cloudflare's sockets only where they are installed.
    external: ['pg-native', 'cloudflare:sockets'],
    logLevel: 'warning',
  });
};

if (process.argv[1] !== undefined && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  await bundleBackend(process.argv[2] === undefined ? undefined : resolve(process.argv[2]));
}
