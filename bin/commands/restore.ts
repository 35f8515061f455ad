import { Option, type Command } from 'commander';
import { confirm, newId, repositoryReport, RestoreRefused, restoreInPlace, resumeRestore, undo, type RestoreResult } from '../../agents/restore/in-place';
import { JobFailed, runJob, type JobAnswer } from '../../agents/restore/jobs';
import type { Kubernetes } from '../../agents/restore/kubernetes';
import { RequestStore } from '../../agents/restore/request';
import type { LabSettings } from '../../lab/settings';
import { coverageOf } from '../../lib/operations/restore/archive';
import { decideLock, planOf, restoreCluster, type RestoreCluster } from '../../lib/operations/restore/plan';
import { describeTarget, parseTarget, restoreArguments, TargetError, type RestoreTarget } from '../../lib/operations/restore/target';
import { EXIT, ExpectedError, UsageError } from '../exit';
import { inLab } from '../in-lab';
import { notice, print, printJson } from '../terminal';

interface RestoreOptions {
  readonly lab: string;
  readonly at?: string;
  readonly exclusive?: boolean;
  readonly into: 'clone' | 'in-place';
  readonly table?: readonly string[];
  readonly merge?: boolean;
  readonly backup?: string;
  readonly dryRun?: boolean;
  readonly asJob?: boolean;
  readonly json?: boolean;
}

export interface ExtractedTable {
  readonly table: string;
  readonly rowsThen: number;
  readonly rowsBefore: number;
  readonly rowsAfter: number;
  readonly sideTable?: string;
}

interface Extracted extends JobAnswer {
  readonly tables: readonly ExtractedTable[];
  readonly restored: number;
  readonly recovered: number;
}

const clusterOf = (lab: LabSettings): RestoreCluster => restoreCluster(lab.environment, lab.region);

const EXTRACT_TIMEOUT_SECONDS = 3600;
const JOB_TIMEOUT_SECONDS = 7200;

/** What a person can mend or has to know is an answer, not a defect. */
export const expecting = async <T>(work: () => Promise<T>): Promise<T> => {
  try {
    return await work();
  } catch (error) {
    if (error instanceof TargetError) throw new UsageError(error.message);
    if (error instanceof RestoreRefused || error instanceof JobFailed) throw new ExpectedError(error.message, EXIT.failed);
    throw error;
  }
};

const requireSound = (options: RestoreOptions): RestoreTarget => {
  if (options.at === undefined)
    throw new UsageError('--at: not given; allowed: a time with its zone, lsn:..., xid:..., name:...; see `holdfast restore --help`');
  const tables = options.table ?? [];
  if (options.into === 'in-place' && tables.length > 0)
    throw new UsageError('--table: given with --into in-place, which restores everything; leave it out, or use --into clone');
  if (options.into === 'clone' && tables.length === 0) throw new UsageError('--into clone: give the tables to extract with --table');
  if (options.into === 'in-place' && options.merge === true) throw new UsageError('--merge: given with --into in-place; it belongs to --into clone --table');
  if (options.into === 'clone' && options.asJob === true) throw new UsageError('--as-job: a clone is a job anyway; leave the option out');
  return parseTarget(options.at, options.exclusive === true);
};

/** The plan: what is there, which backup, which steps. Nothing is changed by it. */
const showPlan = async (lab: LabSettings, api: Kubernetes, target: RestoreTarget, options: RestoreOptions): Promise<number> => {
  const report = await repositoryReport(api, `${newId()}p`, true);
  const coverage = coverageOf(report, target, options.backup, Date.parse(report.at) / 1000);
  const lock = decideLock(await new RequestStore(api, clusterOf(lab)).read(), false, Date.now() / 1000);
  const steps = options.into === 'in-place' ? planOf(undefined).map((s) => s.what) : cloneSteps(options);
  const refusal = coverage.kind === 'refused' ? coverage.because : lock.kind === 'refuse' ? lock.because : null;
  const backup = coverage.kind === 'covered' ? coverage.backup.label : null;
  if (options.json === true) printJson({ target: describeTarget(target), into: options.into, backup, steps, refused: refusal });
  else {
    print(`restore to ${describeTarget(target)}, ${options.into}${backup === null ? '' : `, from backup ${backup}`}`);
    steps.forEach((step, i) => print(`${String(i + 1).padStart(3)}. ${step}`));
  }
  if (refusal !== null) throw new RestoreRefused(refusal);
  return EXIT.ok;
};

const cloneSteps = ({ table = [], merge }: RestoreOptions): readonly string[] => [
  'force the newest write-ahead log into the archive, and check that backup and archive reach the moment asked for',
  'restore an isolated copy beside the cluster, in a pod of its own: it archives nothing, and no client reaches it',
  `copy ${table.join(', ')} from it ${merge === true ? 'into the live tables, leaving every row that is there as it is' : 'into tables of their own beside the live ones'}`,
  'remove the copy',
];

const extract = async (api: Kubernetes, target: RestoreTarget, options: RestoreOptions): Promise<number> => {
  const id = newId();
  const onLine = options.json === true ? undefined : notice;
  const report = await repositoryReport(api, id, true);
  const coverage = coverageOf(report, target, options.backup, Date.parse(report.at) / 1000);
  if (coverage.kind === 'refused') throw new RestoreRefused(coverage.because);
  const result = await runJob<Extracted>(api, {
    template: 'restore-clone',
    name: `restore-clone-${id}`,
    arguments: [
      'extract',
      id,
      options.merge === true ? 'merge' : 'side',
      ...(options.table ?? []),
      '--',
      `--repo=${coverage.repository}`,
      ...restoreArguments(target, coverage.backup.label),
    ],
    timeoutSeconds: EXTRACT_TIMEOUT_SECONDS,
    ...(onLine === undefined ? {} : { onLine }),
  });
  if (options.json === true) printJson({ id, target: describeTarget(target), backup: coverage.backup.label, ...result });
  else result.tables.forEach((t) => print(extractedLine(t)));
  return EXIT.ok;
};

export const extractedLine = (t: ExtractedTable): string =>
  t.sideTable === undefined
    ? `${t.table}: ${t.rowsAfter - t.rowsBefore} rows brought back (${t.rowsThen} then, ${t.rowsBefore} before, ${t.rowsAfter} now)`
    : `${t.table}: ${t.rowsThen} rows as they were are in ${t.sideTable}`;

const inPlace = async (lab: LabSettings, api: Kubernetes, target: RestoreTarget, options: RestoreOptions): Promise<number> => {
  const common = { cluster: clusterOf(lab), onLine: notice };
  const result =
    options.asJob === true
      ? await inPlaceJob(api, options)
      : await restoreInPlace(api, { ...common, target, ...(options.backup === undefined ? {} : { backup: options.backup }) });
  return finished(result, options);
};

/** The same program inside the cluster: it goes on when this one is gone. */
const inPlaceJob = (api: Kubernetes, options: RestoreOptions): Promise<RestoreResult & JobAnswer> =>
  runJob<RestoreResult & JobAnswer>(api, {
    template: 'restore-in-place',
    name: `restore-in-place-${newId()}`,
    arguments: [
      'in-place',
      options.at ?? '',
      ...(options.exclusive === true ? ['exclusive'] : []),
      ...(options.backup === undefined ? [] : [`backup=${options.backup}`]),
    ],
    timeoutSeconds: JOB_TIMEOUT_SECONDS,
    onLine: notice,
  });

const finished = (result: RestoreResult, { json }: { readonly json?: boolean }): number => {
  if (json === true) printJson(result);
  else
    print(
      `restored to ${result.target}: writable after ${result.seconds['writable'] ?? '?'} s, all members after ${result.seconds['whole'] ?? '?'} s; the old data is kept until \`holdfast restore confirm\``,
    );
  return EXIT.ok;
};

const run = async (options: RestoreOptions): Promise<number> =>
  expecting(async () => {
    const target = requireSound(options);
    return inLab(options.lab, process.argv.slice(2), (lab, api) => {
      if (options.dryRun === true) return showPlan(lab, api, target, options);
      return options.into === 'clone' ? extract(api, target, options) : inPlace(lab, api, target, options);
    });
  });

const follow = (what: 'resume' | 'undo' | 'confirm' | 'status', options: { readonly lab: string; readonly json?: boolean }): Promise<number> =>
  expecting(() =>
    inLab(options.lab, process.argv.slice(2), async (lab, api) => {
      const common = { cluster: clusterOf(lab), onLine: notice };
      if (what === 'resume') return finished(await resumeRestore(api, common), options);
      if (what === 'status') return status(lab, api, options);
      await (what === 'undo' ? undo(api, common) : confirm(api, common));
      if (options.json === true) printJson({ [what]: true });
      return EXIT.ok;
    }),
  );

const status = async (lab: LabSettings, api: Kubernetes, options: { readonly json?: boolean }): Promise<number> => {
  const request = await new RequestStore(api, clusterOf(lab)).read();
  if (options.json === true) printJson(request ?? null);
  else
    print(
      request === undefined
        ? 'no restore is under way, and none waits to be confirmed'
        : `restore ${request.id} to ${request.target}: phase "${request.phase}", held by ${request.holder}`,
    );
  return EXIT.ok;
};

const FOLLOW_UPS = {
  resume: 'go on with a restore that was interrupted',
  undo: 'put the old data directories back, also after a finished restore that was not confirmed',
  confirm: 'remove the old data directories: the restore is final',
  status: 'what is under way, or waits to be confirmed',
} as const;

export const registerRestore = (program: Command): void => {
  const restore = program
    .command('restore')
    .description('bring the database, or rows of it, back to a moment')
    .option('--at <moment>', 'a time with its zone, lsn:<position>, xid:<transaction>, name:<restore point>')
    .option('--exclusive', 'stop just before that moment instead of just after')
    .addOption(new Option('--into <where>', 'the database itself, or an isolated copy to take rows from').choices(['in-place', 'clone']).default('in-place'))
    .option('--table <name...>', 'with --into clone: the tables to extract, name or schema.name')
    .option('--merge', 'into the live tables, leaving every row that is there as it is (default: tables of their own beside them)')
    .option('--backup <label>', 'the backup to begin with (default: the newest that is old enough)')
    .option('--dry-run', 'the plan only: which backup, which steps, and whether it can succeed')
    .option('--as-job', 'as a job of the cluster, which goes on when this command is gone')
    .option('--json', 'the result as JSON')
    .option('--lab <name>', 'which lab', 'lab')
    .addHelpText(
      'after',
      '\nExamples: holdfast restore --at xid:1234 --exclusive --into clone --table orders --merge\n          holdfast restore --at "2026-11-22 08:04:11+00" --dry-run\nExit codes: 0 done, 1 refused or failed (it says why, and nothing was changed or it was put back), 2 usage, 5 no lab',
    )
    .action(async (options: RestoreOptions) => void (process.exitCode = await run(options)));
  for (const [name, description] of Object.entries(FOLLOW_UPS))
    restore
      .command(name)
      .description(description)
      .option('--json', 'as JSON')
      .option('--lab <name>', 'which lab', 'lab')
      .action(async (_: unknown, command: Command) => {
        process.exitCode = await follow(name as keyof typeof FOLLOW_UPS, command.optsWithGlobals<{ lab: string; json?: boolean }>());
      });
};
