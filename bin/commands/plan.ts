import type { Command } from 'commander';
import { defineEnvironment } from '../../lib/topology/define';
import { inputsFor } from '../environments';
import { planOf } from '../plan';
import { planText } from '../plan-text';
import { paintFor, print, printJson } from '../terminal';

interface PlanOptions {
  readonly json?: boolean;
  readonly stages?: boolean;
}

const plan = (name: string | undefined, options: PlanOptions): void => {
  const plans = inputsFor(name).map((input) => planOf(defineEnvironment(input)));
  if (options.json === true) {
    printJson(name === undefined ? plans : plans[0]);
    return;
  }
  print(plans.map((each) => planText(each, { paint: paintFor(process.stdout), stages: options.stages === true })).join('\n\n'));
};

export const registerPlan = (program: Command): void => {
  program
    .command('plan')
    .argument('[environment]', 'default: all of them')
    .description('what will exist: regions, members, and how long each fault may stop writes')
    .option('--stages', 'the stages of each budget, and where their figures come from')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExample: holdfast plan production --stages\nExit codes: 0 done, 1 the environment breaks a rule, 2 usage')
    .action(plan);
};
