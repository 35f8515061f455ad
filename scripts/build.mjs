// Bundles the entry points to dist/ with esbuild (a fraction of a second). `node scripts/build.mjs [app|holdfast|follower ...]`; without arguments: all.
import { build } from 'esbuild';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

const program = (entry) => ({
  entryPoints: [`bin/${entry}.ts`],
  outfile: `dist/${entry}.js`,
  packages: 'external',
  sourcemap: 'inline',
});

const targets = {
  app: program('app'),
  holdfast: program('holdfast'),
  'meter-writer': { ...program('holdfast'), entryPoints: ['lab/meter/writer.ts'], outfile: 'dist/meter-writer.js' },
  'meter-prober': { ...program('holdfast'), entryPoints: ['lab/meter/prober.ts'], outfile: 'dist/meter-prober.js' },
  // Part of the build context of the image `agent`, with everything it needs: the image has no node_modules.
  follower: { entryPoints: ['agents/follower/main.ts'], outfile: 'images/agent/follower.js', minify: false },
};

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !(name in targets));
if (unknown.length > 0) {
  console.error(`unknown target ${unknown.join(', ')}; there are ${Object.keys(targets).join(', ')}`);
  process.exit(2);
}

const common = { bundle: true, platform: 'node', target: 'node20', format: 'cjs', absWorkingDir: root, logLevel: 'warning' };
const names = asked.length > 0 ? asked : Object.keys(targets);
const missing = names.flatMap((name) => targets[name].entryPoints).filter((file) => !existsSync(join(root, file)));
if (missing.length > 0) {
  console.error(`cannot build: ${missing.join(', ')} is missing`);
  process.exit(1);
}
await Promise.all(names.map((name) => build({ ...common, ...targets[name] })));
