// Bundles every agent, agents/<name>/main.ts, into one file <name>.js for the image `agent`: into images/agent, where every build of the image finds it
// (lab, `cdk deploy`), or into the directory given. A bundle whose agent is gone is removed. The same sources give the same bytes.
import { copyFileSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

export const bundleAgents = async (directory = join(root, 'images', 'agent')) => {
  const names = readdirSync(join(root, 'agents')).filter((name) => existsSync(join(root, 'agents', name, 'main.ts')));
  mkdirSync(directory, { recursive: true });
  await build({
    absWorkingDir: root,
    entryPoints: Object.fromEntries(names.map((name) => [name, `agents/${name}/main.ts`])),
    outdir: directory,
    // With everything they need: the image has no node_modules.
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
  const stale = readdirSync(directory).filter((file) => file.endsWith('.js') && !names.includes(file.slice(0, -3)));
  for (const file of stale) rmSync(join(directory, file));
  // Its image has certbot beside it, and none of the others.
  copyFileSync(join(directory, 'certificate-renewer.js'), join(root, 'images', 'acme', 'certificate-renewer.js'));
};

if (process.argv[1] !== undefined && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  await bundleAgents(process.argv[2] === undefined ? undefined : resolve(process.argv[2]));
}
