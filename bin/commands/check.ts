import type { Command } from 'commander';
import { scenariosOf } from '../../lib/topology/applicable';
import { budgetFor } from '../../lib/topology/budget';
import { violationsOf, withDefaults } from '../../lib/topology/define';
import { RULES } from '../../lib/topology/rules';
import { authorityViolations } from '../../lib/services/authority';
import type { EnvironmentInput } from '../../lib/topology/types';
import { formatViolation, type Violation } from '../../lib/topology/violation';
import { inputsFor } from '../environments';
import { EXIT } from '../exit';
import { paintFor, print, printJson, type Paint } from '../terminal';

interface Checked {
  readonly environment: string;
  readonly violations: readonly Violation[];
  /** How many scenarios the environment makes a promise for; absent where it is invalid. */
  readonly budgets?: number;
  /** The scenario with the least room between budget and objective; absent where the environment is invalid. */
  readonly tightest?: { readonly scenario: string; readonly upperSeconds: number; readonly objectiveSeconds: number };
}

const measured = (input: EnvironmentInput): Required<Pick<Checked, 'budgets' | 'tightest'>> => {
  const environment = withDefaults(input);
  const budgets = scenariosOf(environment).map((scenario) => budgetFor(environment, scenario));
  const room = ({ objective, upperSeconds }: (typeof budgets)[number]): number => objective.rto - upperSeconds;
  const least = budgets.reduce((a, b) => (room(b) < room(a) ? b : a));
  return { budgets: budgets.length, tightest: { scenario: least.scenario, upperSeconds: least.upperSeconds, objectiveSeconds: least.objective.rto } };
};

const checked = (input: EnvironmentInput): Checked => {
  const ofTheModel = violationsOf(input);
  // What needs a clock is no rule of the model.
  const violations = ofTheModel.length > 0 ? ofTheModel : authorityViolations(withDefaults(input), new Date());
  return { environment: input.name, violations, ...(violations.length === 0 ? measured(input) : {}) };
};

const lines = ({ environment, violations, budgets, tightest: least }: Checked, paint: Paint): readonly string[] =>
  least === undefined
    ? [
        `${paint('red', 'refused')}  ${environment}: ${violations.length} violation${violations.length === 1 ? '' : 's'}`,
        ...violations.map((violation) => `  - ${formatViolation(violation)}`),
      ]
    : [
        `${paint('green', 'ok')}  ${environment}: ${RULES.length} rules, ${budgets} budgets; tightest: ${least.scenario}, up to ${least.upperSeconds} of ${least.objectiveSeconds} s`,
      ];

const check = (name: string | undefined, options: { readonly json?: boolean }): void => {
  const results = inputsFor(name).map(checked);
  if (options.json === true) printJson(results);
  else print(results.flatMap((result) => lines(result, paintFor(process.stdout))).join('\n'));
  process.exitCode = results.some((result) => result.violations.length > 0) ? EXIT.failed : EXIT.ok;
};

export const registerCheck = (program: Command): void => {
  program
    .command('check')
    .argument('[environment]', 'default: all of them')
    .description('every rule of the model, and every budget against its objective')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExample: holdfast check production\nExit codes: 0 every rule holds, 1 a rule is broken, 2 usage')
    .action(check);
};
