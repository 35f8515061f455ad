// Bundles every handler, lambdas/<name>/index.ts, into dist/lambdas/<name>/index.mjs: the folder is what is deployed. With the SDK inside: a function that loads its SDK from
// the runtime starts three times as slowly (337 ms against 105 ms), and may meet another version than the one tested. Beside them dist/lambdas/commands.json: which calls
// of the SDK each bundle really holds, for the check that none of them is a control plane's. The same sources give the same bytes.
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/**
 * A function's credentials are in its environment, and come from nowhere else: the chain that also asks files, SSO, STS and the instance's metadata would be a quarter of
 * each bundle, and a way to call services that the failover must not need.
 */
const credentialsFromEnvironment = {
  name: 'credentials-from-environment',
  setup: ({ onResolve }) => {
    onResolve({ filter: /^@aws-sdk\/credential-provider-node$/ }, () => ({ path: join(root, 'lambdas', 'aws', 'credentials.ts') }));
  },
};

/** `<client>:<command>` of each call that is in the bundle, by the file that the SDK keeps it in. */
const commandsIn = (output) =>
  Object.entries(output.inputs)
    .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
    .flatMap(([file]) => {
      const [, client, command] = /@aws-sdk\/client-([a-z0-9-]+)\/dist-[a-z]+\/commands\/(\w+)Command\.js$/.exec(file) ?? [];
      return client === undefined ? [] : [`${client}:${command}`];
    })
    .sort();

/** Clients that are in the bundle with no command of theirs named by file: nothing of them may be missed. */
const clientsIn = (output) => [
  ...new Set(
    Object.entries(output.inputs)
      .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
      .flatMap(([file]) => /@aws-sdk\/client-([a-z0-9-]+)\//.exec(file)?.[1] ?? []),
  ),
];

export const bundleLambdas = async (directory = join(root, 'dist', 'lambdas')) => {
  const names = readdirSync(join(root, 'lambdas')).filter((name) => existsSync(join(root, 'lambdas', name, 'index.ts')));
  mkdirSync(directory, { recursive: true });
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: Object.fromEntries(names.map((name) => [`${name}/index`, `lambdas/${name}/index.ts`])),
    outdir: directory,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    target: 'node22',
    format: 'esm',
    mainFields: ['module', 'main'],
    minify: true,
    legalComments: 'none',
    // pg is no ES module, and asks for the runtime's own modules by `require`.
    banner: { js: "import{createRequire as __require}from'node:module';const require=__require(import.meta.url);" },
    sourcemap: false,
    metafile: true,
    plugins: [credentialsFromEnvironment],
    logLevel: 'warning',
  });
  const held = Object.fromEntries(
    Object.entries(metafile.outputs)
      .map(([file, output]) => [file.split('/').at(-2), { clients: clientsIn(output).sort(), commands: commandsIn(output) }])
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
  writeFileSync(join(directory, 'commands.json'), `${JSON.stringify(held, null, 2)}\n`);
  for (const entry of readdirSync(directory)) if (entry !== 'commands.json' && !names.includes(entry)) rmSync(join(directory, entry), { recursive: true });
};

if (process.argv[1] !== undefined && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  await bundleLambdas(process.argv[2] === undefined ? undefined : resolve(process.argv[2]));
}
