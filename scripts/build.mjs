// Bundles the entry points to dist/, the agents to images/agent and the reference backend to images/backend, with esbuild (a fraction of a second). `node scripts/build.mjs [app|holdfast|agents|lambdas ...]`;
// without arguments: all.
import { build } from 'esbuild';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleAgents } from './bundle-agents.mjs';
import { bundleBackend } from './bundle-backend.mjs';
import { bundleLambdas } from './bundle-lambdas.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

const program = (entry, name) => async () => {
  if (!existsSync(join(root, entry))) throw new Error(`cannot build: ${entry} is missing`);
  await build({
    entryPoints: [entry],
    outfile: `dist/${name}.js`,
    packages: 'external',
    sourcemap: 'inline',
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    absWorkingDir: root,
    logLevel: 'warning',
  });
};

const targets = {
  app: program('bin/app.ts', 'app'),
  holdfast: program('bin/holdfast.ts', 'holdfast'),
  'meter-writer': program('lab/meter/writer.ts', 'meter-writer'),
  'meter-intruder': program('lab/meter/intruder.ts', 'meter-intruder'),
  'meter-flooder': program('lab/meter/flooder.ts', 'meter-flooder'),
  'meter-cache': program('lab/meter/cache-writer.ts', 'meter-cache'),
  'meter-http': program('lab/meter/http.ts', 'meter-http'),
  'lab-outside': program('lab/edge/outside-main.ts', 'lab-outside'),
  'lab-authority': program('lab/acme/authority-main.ts', 'lab-authority'),
  'lab-edge': program('lab/edge/region-main.ts', 'lab-edge'),
  'lab-function-worker': program('lab/aws/function-worker.ts', 'lab-function-worker'),
  'meter-prober': program('lab/meter/prober.ts', 'meter-prober'),
  agents: () => bundleAgents(),
  backend: () => bundleBackend(),
  lambdas: () => bundleLambdas(),
};

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !(name in targets));
if (unknown.length > 0) {
  console.error(`unknown target ${unknown.join(', ')}; there are ${Object.keys(targets).join(', ')}`);
  process.exit(2);
}
try {
  await Promise.all((asked.length > 0 ? asked : Object.keys(targets)).map((name) => targets[name]()));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
