// Compiles one test or source file with esbuild: types are checked by `npm run typecheck`, not again in every test run.
const { createHash } = require('node:crypto');
const { readFileSync } = require('node:fs');
const { transformSync, version } = require('esbuild');

const self = readFileSync(__filename);

module.exports = {
  getCacheKey: (source, path, { configString }) =>
    createHash('sha256').update(self).update(version).update(configString).update(path).update(source).digest('hex'),
  process: (source, path) => transformSync(source, { loader: 'ts', format: 'cjs', target: 'node20', sourcefile: path, sourcemap: 'inline' }),
};
