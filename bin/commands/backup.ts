import { Option, type Command } from 'commander';
import { newId, repositoryReport } from '../../agents/restore/in-place';
import { runJob, type JobAnswer } from '../../agents/restore/jobs';
import type { Kubernetes } from '../../agents/restore/kubernetes';
import type { LabSettings } from '../../lab/settings';
import { firstGap, type RepositoryReport } from '../../lib/operations/restore/archive';
import { EXIT } from '../exit';
import { inLab } from '../in-lab';
import { columns, notice, print, printJson } from '../terminal';
import { expecting } from './restore';

interface BackupOptions {
  readonly lab: string;
  readonly json?: boolean;
  readonly type?: 'full' | 'differential';
}

const TIMEOUT_SECONDS = 7200;

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(0)} MB`;
const iso = (seconds: number): string => new Date(seconds * 1000).toISOString().replace('.000', '');

/** Everything that a person asks first: what is there, how far it reaches, and whether it has holes. */
const summaryOf = (report: RepositoryReport, archiveTimeout: number) => {
  const backups = report.info[0]?.backup ?? [];
  const oldest = backups[0]?.archive.start;
  const archives = report.archived.map(({ repository, segments }) => {
    const newest = segments.at(-1);
    return {
      repository,
      segments: segments.length,
      newestSegment: newest?.[0] ?? null,
      newestArchivedAt: newest === undefined ? null : iso(newest[1]),
      missing: (oldest == null ? undefined : firstGap(segments, oldest)?.missing) ?? null,
    };
  });
  return { backups, archives, archiveTimeoutSeconds: archiveTimeout, archiving: report.checked, at: report.at };
};

const status = async (lab: LabSettings, api: Kubernetes, options: BackupOptions): Promise<number> => {
  const report = await repositoryReport(api, newId(), true);
  const summary = summaryOf(report, lab.environment.backups.archiveTimeout);
  const sound = summary.archiving === true && summary.backups.length > 0 && summary.archives.every((a) => a.missing === null);
  if (options.json === true) printJson({ sound, ...summary });
  else {
    const rows = summary.backups.map((b) => [b.label, b.type, iso(b.timestamp.stop), megabytes(b.info.size)]);
    print(rows.length === 0 ? 'no backups' : columns([['backup', 'type', 'taken', 'size'], ...rows], [3]).join('\n'));
    for (const a of summary.archives)
      print(
        `repository ${a.repository}: ${a.segments} segments, the newest archived ${a.newestArchivedAt ?? 'never'}${a.missing === null ? '' : `; ${a.missing} IS MISSING`}`,
      );
    print(summary.archiving === true ? 'archiving works' : 'ARCHIVING DOES NOT WORK: see the log of the primary');
  }
  return sound ? EXIT.ok : EXIT.failed;
};

const runTemplate = async (api: Kubernetes, template: string, options: BackupOptions): Promise<number> => {
  const result = await runJob<JobAnswer>(api, { template, name: `${template}-${newId()}`, timeoutSeconds: TIMEOUT_SECONDS, onLine: notice });
  if (options.json === true) printJson(result);
  else
    print(
      Object.entries(result)
        .filter(([key]) => key !== 'ok')
        .map(([key, value]) => `${key}: ${typeof value === 'object' ? JSON.stringify(value) : String(value)}`)
        .join('\n'),
    );
  return EXIT.ok;
};

export const registerBackup = (program: Command): void => {
  const backup = program.command('backup').description('base backups and write-ahead log: what there is, take one, verify the newest');
  const add = (name: string, description: string, work: (lab: LabSettings, api: Kubernetes, options: BackupOptions) => Promise<number>): Command =>
    backup
      .command(name)
      .description(description)
      .option('--json', 'as JSON')
      .option('--lab <name>', 'which lab', 'lab')
      .action(async (options: BackupOptions) => {
        process.exitCode = await expecting(() => inLab(options.lab, process.argv.slice(2), (lab, api) => work(lab, api, options)));
      });
  add('status', 'backups, how far the archive reaches, whether it has holes; forces the newest segment into it', status);
  add('run', 'take a backup now', (_, api, options) => runTemplate(api, `backup-${options.type ?? 'full'}`, options)).addOption(
    new Option('--type <type>').choices(['full', 'differential']).default('full'),
  );
  add('verify', 'restore the newest backup in isolation, check it, and keep the evidence', (_, api, options) => runTemplate(api, 'backup-verify', options));
};
