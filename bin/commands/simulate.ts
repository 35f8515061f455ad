import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { Option, type Command } from 'commander';
import { failoverSettings, type FailoverSettings } from '../../lib/failover/settings';
import { exploreAll, FAULT_NAMES } from '../../lib/failover/simulation/exhaustive';
import { mutationNames, MUTATIONS, type Mutation } from '../../lib/failover/simulation/mutations';
import { simulate } from '../../lib/failover/simulation/simulate';
import { added, simulateMany, type SimulationSummary } from '../../lib/failover/simulation/summary';
import { defineEnvironment } from '../../lib/topology/define';
import { inputsFor } from '../environments';
import { EXIT, UsageError } from '../exit';
import { print, printJson } from '../terminal';

interface SimulateOptions {
  readonly seeds: string;
  readonly seed: string;
  readonly jobs: string;
  readonly without: readonly Mutation[];
  readonly trace?: boolean;
  readonly explore?: boolean;
  readonly json?: boolean;
}

const MOST = { seeds: 10_000_000, jobs: 64 } as const;
/** No bucket is asked: the account's id is part of names only. */
const NO_ACCOUNT = '000000000000';

/** @throws UsageError */
const wholeNumber = (option: string, text: string, most: number): number => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > most) throw new UsageError(`--${option}: given "${text}"; allowed: a whole number from 1 to ${most}`);
  return value;
};

/** @throws UsageError when the environment has no failover */
const settingsOf = (name: string): FailoverSettings => {
  const [input] = inputsFor(name);
  if (input === undefined) throw new UsageError(`there is no environment "${name}"`);
  const environment = defineEnvironment(input);
  const standby = environment.regions.find((region) => region.role === 'standby');
  if (environment.failover === null || standby === undefined) {
    throw new UsageError(`environment "${name}" has no failover to simulate; one that has: lab-failover, production`);
  }
  return failoverSettings(environment, standby.name, NO_ACCOUNT);
};

/** A part of the seeds in a process of its own: this very command. */
const inProcess = (environment: string, firstSeed: number, seeds: number, without: readonly Mutation[]): Promise<SimulationSummary> =>
  new Promise((done, fail) => {
    const guards = without.flatMap((name) => ['--without', name]);
    const args = ['simulate', environment, '--seed', String(firstSeed), '--seeds', String(seeds), '--jobs', '1', '--json', ...guards];
    const child = spawn(process.execPath, [...process.execArgv, process.argv[1] ?? '', ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
    child.once('error', fail);
    child.once('close', (code) => {
      if (code === EXIT.ok || code === EXIT.failed) done(JSON.parse(text) as SimulationSummary);
      else fail(new Error(`a part of the simulation (seeds from ${firstSeed}) ended with code ${String(code)}`));
    });
  });

const summarized = async (
  environment: string,
  settings: FailoverSettings,
  range: { firstSeed: number; seeds: number; jobs: number },
  without: readonly Mutation[],
): Promise<SimulationSummary> => {
  const { firstSeed, seeds, jobs } = range;
  if (jobs === 1) return simulateMany(settings, { firstSeed, seeds, without });
  const share = Math.ceil(seeds / jobs);
  const parts = Array.from({ length: jobs }, (_, i) => ({ from: firstSeed + i * share, count: Math.min(share, seeds - i * share) })).filter(
    ({ count }) => count > 0,
  );
  const [first, ...rest] = await Promise.all(parts.map(({ from, count }) => inProcess(environment, from, count, without)));
  if (first === undefined) throw new Error('there was nothing to simulate');
  return rest.reduce(added, first);
};

const shown = (summary: SimulationSummary, seconds: number): readonly string[] => [
  `${summary.seeds} seeds from ${summary.firstSeed} in ${seconds.toFixed(1)} s (${Math.round((summary.seeds / seconds) * 60)} a minute); traces ${summary.digest}`,
  `${summary.acknowledged} commits acknowledged, ${summary.lostByCrash} lost by a crash; somebody was called in ${summary.paged} seeds`,
  ...Object.entries(summary.ends).map(([end, count]) => `  ${String(count).padStart(8)}  ${end}`),
  ...(summary.violations.length === 0 ? ['no violation'] : []),
  ...summary.violations
    .slice(0, 20)
    .map(({ seed, rule, detail }) => `VIOLATION seed ${seed}: ${rule}: ${detail}; to see it: holdfast simulate --seed ${seed} --trace`),
];

const traced = async (settings: FailoverSettings, seed: number, options: SimulateOptions): Promise<number> => {
  const result = await simulate(settings, seed, { without: options.without, keepsTrace: true });
  if (options.json === true) printJson(result);
  else print([...result.trace, `seed ${seed}, trace ${result.digest}, ${result.violations.length} violations`].join('\n'));
  return result.violations.length > 0 ? EXIT.failed : EXIT.ok;
};

/** Not by chance: every pair of faults at every step's beginning. */
const explored = async (settings: FailoverSettings, options: SimulateOptions): Promise<number> => {
  const found = await exploreAll(settings, 2);
  if (options.json === true) printJson(found);
  else {
    print(
      `${found.runs} runs with up to two of ${FAULT_NAMES.length} faults at ${found.boundaries} boundaries, ${found.states} states, ${found.violations.length} with violations`,
    );
    for (const { plan, rules } of found.violations.slice(0, 20)) print(`VIOLATION ${rules.join(', ')}: ${JSON.stringify(plan)}`);
  }
  return found.violations.length > 0 ? EXIT.failed : EXIT.ok;
};

const run = async (environment: string, options: SimulateOptions): Promise<void> => {
  const firstSeed = wholeNumber('seed', options.seed, 2 ** 31);
  const range = { firstSeed, seeds: wholeNumber('seeds', options.seeds, MOST.seeds), jobs: wholeNumber('jobs', options.jobs, MOST.jobs) };
  const settings = settingsOf(environment);
  if (options.explore === true) {
    process.exitCode = await explored(settings, options);
    return;
  }
  if (options.trace === true) {
    process.exitCode = await traced(settings, firstSeed, options);
    return;
  }
  const began = performance.now();
  const summary = await summarized(environment, settings, range, options.without);
  const seconds = (performance.now() - began) / 1000;
  if (options.json === true) printJson({ ...summary, environment, without: options.without, seconds: Number(seconds.toFixed(1)) });
  else print(shown(summary, seconds).join('\n'));
  process.exitCode = summary.violations.length > 0 ? EXIT.failed : EXIT.ok;
};

export const registerSimulate = (program: Command): void => {
  program
    .command('simulate')
    .argument('[environment]', 'one with a failover', 'lab-failover')
    .description('the failover of regions against simulated regions, links, clocks and people; each seed is a run that can be repeated')
    .option('--seeds <n>', 'so many runs', '1000')
    .option('--seed <n>', 'the first seed', '1')
    .option('--jobs <n>', 'processes', String(availableParallelism()))
    .addOption(new Option('--without <guard...>', 'removes a guard, to see what it is for').choices(mutationNames).default([]))
    .option('--trace', 'one seed, everything that happens in it')
    .option('--explore', 'instead of chance: a failover and a failback with every pair of faults at every step (minutes)')
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      `\nGuards:\n${mutationNames.map((name) => `  ${name.padEnd(32)} ${MUTATIONS[name]}`).join('\n')}\n\nExit codes: 0 no violation, 1 violations, 2 usage`,
    )
    .action(run);
};
