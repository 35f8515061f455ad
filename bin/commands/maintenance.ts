import { Argument, type Command } from 'commander';
import { isInside, runInside } from '../../lab/inside';
import { kubernetesApi } from '../../lab/kubernetes/api';
import { awaitJob, jobLog, removeJob, startMaintenanceJob } from '../../lab/operations/maintenance-job';
import { grantsSql, scheduleOf } from '../../lib/services/maintenance';
import { defineEnvironment } from '../../lib/topology/define';
import { maintenanceTasks } from '../../lib/topology/maintenance';
import { inputNamed } from '../environments';
import { EXIT, UsageError } from '../exit';
import { settingsOf } from '../prepare-lab';
import { columns, notice, print, printJson } from '../terminal';
import { requireUp } from './lab';

interface RunOptions {
  readonly lab: string;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

const list = (name: string, json: boolean): void => {
  const environment = defineEnvironment(inputNamed(name));
  const tasks = maintenanceTasks(environment.maintenance).map((task) => ({ ...task, schedule: scheduleOf(environment, task.name) }));
  if (json) return printJson(tasks);
  const rows = tasks.map(({ name: task, schedule, policy }) => [
    task,
    schedule,
    policy === null
      ? 'vacuum and analyze every table, record its size'
      : `${policy.table}: ${policy.column} older than ${policy.olderThan / 3600} h, ${policy.archiveTo === null ? 'deleted' : `moved to ${policy.archiveTo}`}`,
  ]);
  print(columns([['task', 'schedule (UTC)', 'what'], ...rows]).join('\n'));
};

const grants = (name: string): void => {
  const { maintenance } = defineEnvironment(inputNamed(name));
  print(grantsSql(maintenance.retention).join('\n'));
};

/** Beyond the agent's own time limit: the pod's start, and retries. */
const WAIT_BEYOND_SECONDS = 120;

const runTask = async (task: string, options: RunOptions): Promise<number> => {
  const lab = settingsOf(options.lab);
  const names = maintenanceTasks(lab.environment.maintenance).map(({ name }) => name);
  if (!names.includes(task)) throw new UsageError(`unknown task "${task}"; the tasks are: ${names.join(', ')}`);
  await requireUp(lab);
  const flags = [...(options.dryRun === true ? ['--dry-run'] : []), ...(options.json === true ? ['--json'] : [])];
  if (!isInside(lab)) return runInside(lab, ['maintenance', 'run', task, '--lab', lab.name, ...flags]);
  const api = kubernetesApi(lab);
  const name = `maintenance-${task}-${Date.now().toString(36)}`;
  try {
    await startMaintenanceJob(api, task, { dryRun: options.dryRun === true, name });
    notice(`job ${name} runs`);
    const end = await awaitJob(api, name, lab.environment.maintenance.timeLimit + WAIT_BEYOND_SECONDS);
    const log = await jobLog(api, name);
    if (options.json === true) printJson({ task, job: name, succeeded: end.succeeded, because: end.because, log });
    else
      for (const { time, what, ...fields } of log)
        print(
          `${time.slice(11, 19)}  ${what.padEnd(10)}  ${Object.entries(fields)
            .map(([key, value]) => `${key}=${String(value)}`)
            .join(' ')}`,
        );
    if (!end.succeeded) notice(`the task failed: ${end.because}; the job stays for a week`);
    else await removeJob(api, name);
    return end.succeeded ? EXIT.ok : EXIT.failed;
  } finally {
    api.close();
  }
};

export const registerMaintenance = (program: Command): void => {
  const maintenance = program.command('maintenance').description('vacuum, and what becomes of old rows');
  const environment = (): Argument => new Argument('[environment]', 'which environment').default('lab');
  maintenance
    .command('list')
    .addArgument(environment())
    .description('the tasks, and when they run')
    .option('--json', 'as JSON')
    .action((name: string, options: { json?: boolean }) => list(name, options.json === true));
  maintenance
    .command('grants')
    .addArgument(environment())
    .description("SQL for the tables' owner: what the role of maintenance needs")
    .action((name: string) => grants(name));
  maintenance
    .command('run')
    .argument('<task>', 'see `holdfast maintenance list`')
    .description('run a task of a lab now, as its CronJob would')
    .option('--lab <name>', 'which lab', 'lab')
    .option('--dry-run', 'count the rows that are due; change nothing')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nOn EKS: kubectl -n data create job --from=cronjob/maintenance-<task> <name>\nExit codes: 0 done, 1 failed, 2 usage, 5 no lab')
    .action(async (task: string, options: RunOptions) => void (process.exitCode = await runTask(task, options)));
};
