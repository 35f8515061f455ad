import { join, resolve } from 'node:path';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { NotSteadyError } from '../../lab/drill/run';
import { reportFile, runSeries } from '../../lab/drill/series';
import { isInside, runInside } from '../../lab/inside';
import { projectRoot } from '../../lab/kubernetes/scripts';
import type { LabSettings } from '../../lab/settings';
import { drillsFor, drillsLeftOut, findDrill } from '../../lib/drill/catalog';
import type { DrillReport } from '../../lib/drill/report';
import { budgetFor } from '../../lib/topology/budget';
import { EXIT, UsageError } from '../exit';
import { settingsOf } from '../prepare-lab';
import { progressLine, requireUp } from './lab';

const VERDICT_CODE = { pass: EXIT.ok, fail: EXIT.failed, unknown: EXIT.unknown } as const;

interface RunOptions {
  readonly lab: string;
  readonly runs: number;
  readonly seed: number;
  readonly megabytes?: number;
  readonly out?: string;
  readonly json?: boolean;
  /** Nothing on standard output: the caller shows the report. */
  readonly quiet?: boolean;
}

const wholeNumber =
  (least: number, most: number) =>
  (text: string): number => {
    const n = Number(text);
    if (!Number.isSafeInteger(n) || n < least || n > most) throw new InvalidArgumentError(`allowed: a whole number from ${least} to ${most}.`);
    return n;
  };

const list = (options: { readonly json?: boolean; readonly environment?: string }): number => {
  const { environment } = options.environment === undefined ? settingsOf('lab') : settingsOf('lab', options.environment);
  const drills = drillsFor(environment).map((drill) => ({
    name: drill.name,
    title: drill.title,
    requirements: drill.requirements,
    objectiveSeconds: drill.objective.rto,
    budgetSeconds: budgetFor(environment, drill.name).upperSeconds,
  }));
  if (options.json === true) process.stdout.write(`${JSON.stringify(drills, null, 2)}\n`);
  else {
    for (const d of drills)
      process.stdout.write(
        `${d.name.padEnd(30)} ${`${d.budgetSeconds.toFixed(1)} of ${d.objectiveSeconds} s`.padStart(14)}  ${d.title} (${d.requirements.join(', ')})\n`,
      );
    for (const { name, because } of drillsLeftOut(environment)) process.stdout.write(`${name.padEnd(30)} left out: ${because}\n`);
  }
  return EXIT.ok;
};

/** The dead man's timer is this program, in a process of its own. */
const deadMan = (lab: LabSettings): readonly string[] => [process.execPath, process.argv[1] ?? '', 'lab', 'dead-man', '--lab', lab.name];

const defaultFolder = (name: string): string => join(projectRoot(), '.holdfast', 'drills', `${name}-${new Date().toISOString().replace(/[:.]/g, '-')}`);

const summaryLine = (report: DrillReport): string => {
  const { runs, p50, max, ackedLost, verdict } = report.summary;
  return `${report.drill}: ${verdict}; ${runs} run${runs === 1 ? '' : 's'}, gap median ${p50?.toFixed(2) ?? '?'} s, max ${max?.toFixed(2) ?? '?'} s (budget ${report.budget.upperSeconds} s, objective ${report.objective.rtoSeconds} s), acknowledged rows lost ${ackedLost ?? '?'}`;
};

/** @returns the report, or an exit code when there is none */
const runHere = async (lab: LabSettings, name: string, options: RunOptions): Promise<number> => {
  const aborting = new AbortController();
  const abort = (): void => aborting.abort(new Error('interrupted'));
  process.on('SIGINT', abort);
  process.on('SIGTERM', abort);
  const progress = progressLine();
  const directory = resolve(options.out ?? defaultFolder(name));
  try {
    const size = options.megabytes === undefined ? '' : ` --megabytes ${options.megabytes}`;
    const command = `holdfast drill run ${name} --runs ${options.runs} --seed ${options.seed}${size}`;
    const report = await runSeries(lab, {
      drill: name,
      runs: options.runs,
      seed: options.seed,
      directory,
      command,
      deadMan: deadMan(lab),
      progress,
      signal: aborting.signal,
      ...(options.megabytes === undefined ? {} : { megabytes: options.megabytes }),
    });
    if (options.json === true) process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
    else if (options.quiet !== true) process.stdout.write(`${summaryLine(report)}\n${reportFile(directory)}\n`);
    return VERDICT_CODE[report.summary.verdict];
  } catch (error) {
    if (aborting.signal.aborted) {
      process.stderr.write(`interrupted: faults are healed, the meters are stopped; finished runs are in ${directory}\n`);
      return EXIT.interrupted;
    }
    if (!(error instanceof NotSteadyError)) throw error;
    process.stderr.write(`${error.message}; nothing was injected. See \`holdfast lab status\`\n`);
    return EXIT.unknown;
  } finally {
    process.off('SIGINT', abort);
    process.off('SIGTERM', abort);
  }
};

/** An unknown name is said before the lab matters. */
const requireDrill = (lab: LabSettings, name: string): void => {
  try {
    findDrill(lab.environment, name);
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
};

/** Also for the demo: runs in the lab's network, whoever calls. */
export const runDrillCommand = async (name: string, options: RunOptions): Promise<number> => {
  const lab = settingsOf(options.lab);
  requireDrill(lab, name);
  await requireUp(lab);
  if (isInside(lab)) return runHere(lab, name, options);
  const out = resolve(options.out ?? defaultFolder(name));
  const flags = [
    '--lab',
    lab.name,
    '--runs',
    String(options.runs),
    '--seed',
    String(options.seed),
    '--out',
    out,
    ...(options.megabytes === undefined ? [] : ['--megabytes', String(options.megabytes)]),
    ...(options.json === true ? ['--json'] : []),
    ...(options.quiet === true ? ['--quiet'] : []),
  ];
  return runInside(lab, ['drill', 'run', name, ...flags]);
};

export const registerDrill = (program: Command): void => {
  const drill = program.command('drill').description('break something on purpose and measure what clients see');
  drill
    .command('list')
    .description('the drills, with budget and objective')
    .option('--environment <name>', 'of a lab in which environment (default: the one that is up, or "lab")')
    .option('--json', 'as JSON')
    .action((options: { json?: boolean; environment?: string }) => void (process.exitCode = list(options)));
  drill
    .command('run')
    .argument('<name>', 'see `holdfast drill list`')
    .description('run a drill against the lab')
    .option('--lab <name>', 'which lab', 'lab')
    .option('--runs <n>', 'how often', wholeNumber(1, 1000), 1)
    .option('--seed <s>', 'of the first run; decides when exactly the fault strikes; the next runs count up', wholeNumber(0, 2 ** 31), 1)
    .option('--megabytes <n>', 'drills of backups: how large a table (default: 30)', wholeNumber(1, 4000))
    .option('--out <dir>', 'folder for the report (default: .holdfast/drills/<name>-<time>)')
    .option('--json', 'the report on standard output')
    .addOption(new Option('--quiet', 'nothing on standard output').hideHelp())
    .addHelpText(
      'after',
      '\nExample: holdfast drill run primary-node-dies --runs 20 --seed 7\nExit codes: 0 pass, 1 fail, 2 usage, 5 no lab, 6 unknown, 130 interrupted',
    )
    .action(async (name: string, options: RunOptions) => void (process.exitCode = await runDrillCommand(name, options)));
};
