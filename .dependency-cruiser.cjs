/**
 * The import law: arrows point inward only.
 *   bin -> lib/stacks -> lib/constructs -> { lib/services, lib/failover, lib/drill, lib/operations } -> lib/topology
 * `examples/backend` is a program of a user: it imports nothing of ours. `k8s`, `lambdas`, `lab` and `agents` depend on the pure rooms, never on aws-cdk-lib and not on each other: what one of them needs of another,
 * `bin` hands over as data.
 */
const PURE = ['lib/services', 'lib/failover', 'lib/drill', 'lib/operations'];
const SIDES = ['k8s', 'lambdas', 'lab', 'agents'];

/** @param {readonly string[]} rooms */
const inside = (...rooms) => `^(?:${rooms.join('|')})/`;
const OURS = inside('bin', 'lib', ...SIDES, 'test', 'scripts', 'examples');

/** A room may import itself and `allowed`, nothing else of ours. */
const room = (name, ...allowed) => ({
  name: `${name.replace('/', '-')}-imports-inward-only`,
  severity: 'error',
  comment: `${name} may import ${allowed.length > 0 ? allowed.join(', ') : 'nothing of ours'}`,
  from: { path: inside(name) },
  to: { path: OURS, pathNot: inside(name, ...allowed) },
});

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'no-circles',
      severity: 'error',
      comment: 'a circle has no inside; types alone may refer to each other',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    { name: 'no-orphaned-imports', severity: 'error', comment: 'an import that resolves to nothing', from: {}, to: { couldNotResolve: true } },
    {
      name: 'topology-imports-nothing',
      severity: 'error',
      comment: 'lib/topology is the model: no file, network, clock, library or other room',
      from: { path: inside('lib/topology') },
      to: { pathNot: inside('lib/topology') },
    },
    ...PURE.map((name) => room(name, 'lib/topology')),
    // A profile is a part of an environment that several may share.
    room('lib/profiles', 'lib/topology'),
    room('lib/environments', 'lib/profiles', 'lib/topology'),
    room('lib/constructs', ...PURE, 'lib/topology'),
    room('lib/stacks', 'lib/constructs', ...PURE, 'lib/topology'),
    ...SIDES.map((name) => room(name, ...PURE, 'lib/topology')),
    // What users copy from has to stand on its own.
    room('examples/backend'),
    {
      name: 'cdk-stays-in-its-rooms',
      severity: 'error',
      comment: 'aws-cdk-lib is for lib/constructs, lib/stacks and bin: everything else must run without it',
      from: { pathNot: inside('lib/constructs', 'lib/stacks', 'bin', 'test') },
      to: { path: '(?:^|/)(?:aws-cdk-lib|cdk-nag)(?:/|$)' },
    },
    {
      name: 'nothing-imports-the-command-line',
      severity: 'error',
      comment: 'bin wires the rooms; no room knows it',
      from: { pathNot: inside('bin', 'test') },
      to: { path: inside('bin') },
    },
    {
      name: 'no-development-dependencies',
      severity: 'error',
      comment: 'the product runs without what only its development needs',
      from: { path: inside('bin', 'lib', ...SIDES, 'examples/backend') },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'require', 'node', 'default'] },
  },
};
