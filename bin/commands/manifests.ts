import { InvalidArgumentError, type Command } from 'commander';
import { resolve } from 'node:path';
import { defineEnvironment } from '../../lib/topology/define';
import { inputNamed } from '../environments';
import { UsageError } from '../exit';
import { notice, paintFor, print, printJson } from '../terminal';
import { version } from '../version';

interface ManifestsOptions {
  readonly out: string;
  readonly registry: string;
  readonly tag: string;
  readonly account?: string;
  readonly json?: boolean;
}

/** Nobody can publish under this name: a node without the image fails to start it, and never runs a stranger's. */
const NO_REGISTRY = 'localhost/holdfast';

const registry = (text: string): string => {
  if (!/^[a-z0-9][a-z0-9.-]*(?::\d+)?(?:\/[a-z0-9][a-z0-9._-]*)*$/.test(text))
    throw new InvalidArgumentError('allowed: host[:port]/path in lower case, for example 123456789012.dkr.ecr.eu-central-1.amazonaws.com/holdfast');
  return text;
};
const tag = (text: string): string => {
  if (!/^\w[\w.-]{0,127}$/.test(text)) throw new InvalidArgumentError('allowed: letters, digits, "_", "." and "-", 128 at most');
  return text;
};

const account = (text: string): string => {
  if (!/^\d{12}$/.test(text)) throw new InvalidArgumentError('allowed: the 12 digits of an AWS account');
  return text;
};

const manifests = async (name: string, options: ManifestsOptions): Promise<void> => {
  const environment = defineEnvironment(inputNamed(name));
  const account = environment.account ?? options.account;
  if (account === undefined)
    throw new UsageError(`the buckets of "${name}" are named after its AWS account, which the environment does not say: give it with --account`);
  if (environment.account !== null && options.account !== undefined && options.account !== environment.account)
    throw new UsageError(`--account: given ${options.account}, and the environment says ${environment.account}; leave the option out`);
  const { writeManifests } = await import('../manifests');
  const files = await writeManifests(environment, resolve(options.out), { ...options, account });
  if (options.registry === NO_REGISTRY) {
    notice(
      `${paintFor(process.stderr)('yellow', 'note')}: the images are named ${NO_REGISTRY}/<image>:${options.tag}, which no node can pull; name your registry with --registry`,
    );
  }
  if (options.json === true) {
    printJson(files);
    return;
  }
  print(files.join('\n'));
};

export const registerManifests = (program: Command): void => {
  program
    .command('manifests')
    .argument('<environment>')
    .description('the charts as YAML per region, for GitOps')
    .requiredOption('--out <dir>', 'folder; each region gets one in it')
    .option('--registry <path>', 'where your builds of the images are', registry, NO_REGISTRY)
    .option('--tag <tag>', 'of the images', tag, version())
    .option('--account <id>', 'AWS account, where the environment names none', account)
    .option('--json', 'the written files as JSON')
    .addHelpText(
      'after',
      '\nExample: holdfast manifests production --out deploy --account 123456789012 --registry registry.example.com/holdfast\nExit codes: 0 written, 1 the environment breaks a rule, 2 usage',
    )
    .action(manifests);
};
