import type { Command } from 'commander';
import { newId } from '../../agents/restore/in-place';
import { runJob, type JobAnswer } from '../../agents/restore/jobs';
import type { Kubernetes } from '../../agents/restore/kubernetes';
import type { LabSettings } from '../../lab/settings';
import { delayedReplicaName, NAMESPACE } from '../../lib/topology/derive';
import { EXIT, ExpectedError } from '../exit';
import { inLab } from '../in-lab';
import { notice, print, printJson } from '../terminal';
import { expecting, extractedLine, type ExtractedTable } from './restore';

interface ReplicaOptions {
  readonly lab: string;
  readonly json?: boolean;
  readonly table?: readonly string[];
  readonly merge?: boolean;
}

interface Position extends JobAnswer {
  /** `paused`, `pause requested`, `not paused`. */
  readonly state: string;
  readonly position: string;
  /** Of the newest transaction that it has applied; null: none yet. */
  readonly replayedUntil: string | null;
  readonly behindSeconds: number | null;
}

interface Extracted extends JobAnswer {
  readonly tables: readonly ExtractedTable[];
}

const STEER_TIMEOUT_SECONDS = 120;
const EXTRACT_TIMEOUT_SECONDS = 3600;

const hostOf = ({ region }: LabSettings): string => {
  const name = delayedReplicaName(region);
  return `${name}-0.${name}.${NAMESPACE}.svc.cluster.local`;
};

const job = <T extends JobAnswer>(api: Kubernetes, what: string, args: readonly string[], timeoutSeconds: number): Promise<T> =>
  runJob<T>(api, { template: 'delayed-replica', name: `delayed-replica-${what}-${newId()}`, arguments: args, timeoutSeconds, onLine: notice });

const describe = ({ state, position, replayedUntil, behindSeconds }: Position): string =>
  `${state === 'not paused' ? 'it applies what is old enough' : 'it stands still'} (${state}): at ${position}, the newest transaction that it has applied is of ${replayedUntil ?? 'before it started'}` +
  (behindSeconds === null ? '' : `, ${behindSeconds} s ago`);

const steer =
  (what: 'pause' | 'resume' | 'status') =>
  async (lab: LabSettings, api: Kubernetes, { json }: ReplicaOptions): Promise<number> => {
    const found = await job<Position>(api, what, [what === 'status' ? 'delayed' : what, hostOf(lab)], STEER_TIMEOUT_SECONDS);
    if (json === true) printJson(found);
    else print(describe(found));
    return EXIT.ok;
  };

const extract = async (lab: LabSettings, api: Kubernetes, { table = [], merge, json }: ReplicaOptions): Promise<number> => {
  const result = await job<Extracted>(
    api,
    'extract',
    ['extract-from', hostOf(lab), newId(), merge === true ? 'merge' : 'side', ...table],
    EXTRACT_TIMEOUT_SECONDS,
  );
  if (json === true) printJson(result);
  else result.tables.forEach((t) => print(extractedLine(t)));
  return EXIT.ok;
};

const run = (options: ReplicaOptions, work: (lab: LabSettings, api: Kubernetes, options: ReplicaOptions) => Promise<number>): Promise<number> =>
  expecting(() =>
    inLab(options.lab, process.argv.slice(2), (lab, api) => {
      if (lab.environment.backups.delayedReplica === null)
        throw new ExpectedError(`environment "${lab.environment.name}" has no replica that stays behind; set backups.delayedReplica`, EXIT.failed);
      return work(lab, api, options);
    }),
  );

export const registerReplica = (program: Command): void => {
  const replica = program.command('replica').description('the replica that stays behind: stop it before it applies a mistake, take rows from it');
  const add = (name: string, description: string, work: Parameters<typeof run>[1]): Command =>
    replica
      .command(name)
      .description(description)
      .option('--json', 'as JSON')
      .option('--lab <name>', 'which lab', 'lab')
      .action(async (options: ReplicaOptions) => void (process.exitCode = await run(options, work)));
  add('status', 'how far behind it is, and whether it stands still', steer('status'));
  add('pause', 'apply nothing more', steer('pause'));
  add('resume', 'go on applying', steer('resume'));
  add('extract', 'copy rows from it beside or into the live tables', extract)
    .requiredOption('--table <name...>', 'the tables, name or schema.name')
    .option('--merge', 'into the live tables, leaving every row that is there as it is (default: tables of their own beside them)')
    .addHelpText('after', '\nExample: holdfast replica pause && holdfast replica extract --table orders --merge && holdfast replica resume');
};
