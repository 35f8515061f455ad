// Bundles the leader follower into one file for its image: dist/agents/follower.js, or <directory>/follower.js if a directory is given.
// The same sources give the same bytes.
import { mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const outfile = join(process.argv[2] ?? join(root, 'dist', 'agents'), 'follower.js');

mkdirSync(dirname(outfile), { recursive: true });
await build({
  absWorkingDir: root,
  entryPoints: ['agents/follower/main.ts'],
  outfile,
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
console.log(`${outfile} ${Math.ceil(readFileSync(outfile).length / 1024)} kB`);
