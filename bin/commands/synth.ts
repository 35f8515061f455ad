import type { Command } from 'commander';
import { defineEnvironment } from '../../lib/topology/define';
import { environmentNames, inputNamed } from '../environments';
import { UsageError } from '../exit';
import { columns, notice, paintFor, print, printJson } from '../terminal';

interface SynthOptions {
  readonly fast?: boolean;
  readonly out: string;
  readonly json?: boolean;
}

const synth = async (names: readonly string[], options: SynthOptions): Promise<void> => {
  const inputs = names.map(inputNamed);
  const started = performance.now();
  // The CDK takes half a second to load: only this command pays for it.
  const { deployableEnvironments, synthesize } = await import('../synth');
  const deployable = deployableEnvironments();
  const left = inputs.filter((input) => !deployable.some((environment) => environment.name === input.name)).map((input) => input.name);
  if (left.length > 0)
    throw new UsageError(`${left.join(', ')} is not deployed to AWS; there are ${deployable.map((environment) => environment.name).join(', ')}`);
  const environments = inputs.length > 0 ? inputs.map(defineEnvironment) : deployable;
  const result = synthesize({ environments, fast: options.fast === true, outdir: options.out });
  for (const what of result.skipped) notice(`${paintFor(process.stderr)('yellow', 'not checked')}: ${what} (--fast)`);
  if (result.byTag.length > 0)
    notice(
      `${paintFor(process.stderr)('yellow', 'named by tag')}: ${result.byTag.join(', ')}; pin them with imageDigests (docs/operations.md#images-of-others)`,
    );
  if (options.json === true) {
    printJson(result);
    return;
  }
  const rows = result.stacks.map((stack) => [stack.environment, stack.region, stack.name, `${stack.resources} resources`]);
  print(columns(rows, [3]).join('\n'));
  for (const { environment, situations, combinations, cases } of result.routing) {
    print(
      `DNS of ${environment}: ${cases} questions in ${situations} situations, which stand for ${combinations} combinations of health checks: answered as it must be`,
    );
  }
  print(`${result.stacks.length} stacks in ${result.outdir}, ${((performance.now() - started) / 1000).toFixed(1)} s`);
};

export const registerSynth = (program: Command): void => {
  program
    .command('synth')
    .argument('[environments...]', `default: all that are deployed to AWS (of ${environmentNames().join(', ')})`)
    .description('CloudFormation templates and charts of all environments, offline')
    .option('--fast', 'without cdk-nag and the CloudFormation validator')
    .option('--out <dir>', 'the cloud assembly', 'cdk.out')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExample: holdfast synth --fast\nExit codes: 0 done, 1 a rule or a check of a template failed, 2 usage')
    .action(synth);
};
