/** `holdfast drills`: the register of scheduled drills, their calendar, and the evidence. Runs nothing: `holdfast drill run` does. */
import { existsSync, readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join, relative } from 'node:path';
import { InvalidArgumentError, type Command } from 'commander';
import { projectRoot } from '../../lab/kubernetes/scripts';
import { checkEvidence } from '../../lib/operations/drills/evidence';
import { plannedRuns } from '../../lib/operations/drills/calendar';
import { dayText, localTime } from '../../lib/operations/drills/local-time';
import { lastJudged, type Proof } from '../../lib/operations/drills/proof';
import { drillRegister, type RegisterRow, type Standing } from '../../lib/operations/drills/register';
import { defineEnvironment } from '../../lib/topology/define';
import type { Environment } from '../../lib/topology/types';
import { inputNamed, inputsFor, LAB_ENVIRONMENTS } from '../environments';
import { readFolders, trustedKeys, type Reading } from '../evidence/folder';
import { recordEvidence } from '../evidence/record';
import { EXIT, UsageError } from '../exit';
import { columns, notice, paintFor, print, printJson, type Colour } from '../terminal';

interface SourceOptions {
  readonly env?: string;
  readonly from?: readonly string[];
  readonly key?: readonly string[];
  readonly json?: boolean;
}

const evidenceFolder = (): string => join(projectRoot(), '.holdfast', 'evidence');
const DEFAULT_FOLDERS = (): readonly string[] => [evidenceFolder(), join(projectRoot(), 'docs', 'measurements')].filter((folder) => existsSync(folder));

const scheduledEnvironments = (name: string | undefined): readonly Environment[] => {
  const environments = inputsFor(name)
    .filter((input) => name !== undefined || !LAB_ENVIRONMENTS.includes(input.name))
    .map(defineEnvironment)
    .filter(({ drills }) => drills.length > 0);
  if (environments.length === 0)
    throw new UsageError(`${name === undefined ? 'no environment' : `environment "${name}"`} has drills on a schedule: add drills to lib/environments`);
  return environments;
};

const readings = (options: SourceOptions, environments: readonly Environment[]): readonly Reading[] => {
  const trusted = [...trustedKeys(options.key ?? []), ...environments.flatMap(({ drillPolicy }) => drillPolicy.trustedKeys)];
  return readFolders(options.from ?? DEFAULT_FOLDERS(), trusted);
};

const proofsIn = (found: readonly Reading[]): readonly Proof[] => found.flatMap((reading) => (reading.kind === 'proof' ? [reading.proof] : []));

const STANDING: Readonly<Record<Standing, { readonly text: string; readonly colour: Colour }>> = {
  fresh: { text: '✓ fresh', colour: 'green' },
  stale: { text: '✗ stale', colour: 'red' },
  failed: { text: '✗ failed', colour: 'red' },
  never: { text: '? never proved', colour: 'yellow' },
};

const day = (iso: string | null, timeZone: string): string => (iso === null ? '-' : dayText(localTime(Date.parse(iso), timeZone)));

const nextText = (iso: string | null, timeZone: string): string => {
  if (iso === null) return 'no day left';
  const local = localTime(Date.parse(iso), timeZone);
  return `${dayText(local)} ${String(local.hour).padStart(2, '0')}:${String(local.minute).padStart(2, '0')}`;
};

/** Of this environment if there is one; else what a laboratory says, marked as such. */
const lastText = ({ last, lab, environment }: RegisterRow, timeZone: string): string => {
  if (last !== null) return `${day(last.at, timeZone)} ${last.verdict}${last.ranIn === environment ? '' : ` (exercise in ${last.ranIn})`}`;
  return lab === null ? '-' : `${day(lab.at, timeZone)} ${lab.verdict} in ${lab.environment}, unsigned`;
};

const HEADINGS = ['drill', 'environment', 'every', 'last run', 'next run', 'proof'];

const registerLines = (environments: readonly Environment[], rows: readonly RegisterRow[]): readonly string[] => {
  const paint = paintFor(process.stdout);
  const zoneOf = (name: string): string => environments.find((e) => e.name === name)?.drillPolicy.timeZone ?? 'UTC';
  const cells = rows.map((row) => [
    row.drill,
    row.environment,
    row.every,
    lastText(row, zoneOf(row.environment)),
    nextText(row.next, zoneOf(row.environment)),
    STANDING[row.standing].text,
  ]);
  const [head = '', ...lines] = columns([HEADINGS, ...cells]);
  const coloured = lines.map((line, i) => {
    const standing = STANDING[rows[i]?.standing ?? 'never'];
    return line.endsWith(standing.text) ? `${line.slice(0, -standing.text.length)}${paint(standing.colour, standing.text)}` : line;
  });
  return [paint('dim', head), ...coloured];
};

/** What was found and does not count: said, never dropped. */
const sayRejected = (found: readonly Reading[]): boolean => {
  const rejected = found.flatMap((reading) => (reading.kind === 'rejected' ? [reading] : []));
  for (const { file, because, tampered } of rejected) notice(`${tampered ? 'TAMPERED' : 'not counted'}: ${relative(process.cwd(), file)}: ${because}`);
  return rejected.some(({ tampered }) => tampered);
};

const register = (options: SourceOptions & { readonly check?: boolean }): number => {
  const environments = scheduledEnvironments(options.env);
  const found = readings(options, environments);
  const now = Date.now();
  const rows = environments.flatMap((environment) => drillRegister(environment, proofsIn(found), now));
  if (options.json === true) printJson(rows);
  else {
    registerLines(environments, rows).forEach(print);
    const zones = [...new Set(environments.map(({ drillPolicy }) => drillPolicy.timeZone))].join(', ');
    const labs = rows.some((row) => row.last === null && row.lab !== null);
    notice(`\ntimes: ${zones}${labs ? '; "unsigned" is a report of a laboratory: it says that the drill works, and proves nothing of this environment' : ''}`);
  }
  const tampered = sayRejected(found);
  return tampered || (options.check === true && rows.some(({ standing }) => standing !== 'fresh')) ? EXIT.failed : EXIT.ok;
};

const instant = (text: string): number => {
  const time = /^\d{4}-\d{2}-\d{2}(T.*)?$/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(time)) throw new InvalidArgumentError('allowed: a day as 2027-01-31, or a time as 2027-01-31T12:00:00Z.');
  return time;
};

const YEAR = 366 * 86_400_000;

interface CalendarOptions extends SourceOptions {
  readonly since?: number;
  readonly to?: number;
}

const calendar = (options: CalendarOptions): number => {
  const start = options.since ?? Date.now();
  const end = options.to ?? start + YEAR;
  if (end <= start || end - start > 3 * YEAR) throw new UsageError('--to: allowed: after --since, and at most three years later');
  const environments = scheduledEnvironments(options.env);
  const proofs = proofsIn(readings(options, environments));
  const runs = environments.flatMap((environment) =>
    plannedRuns(environment, start, end, (drill) => lastJudged(proofs, environment, drill)).map(({ drill, at }) => ({
      at: new Date(at).toISOString(),
      local: nextText(new Date(at).toISOString(), environment.drillPolicy.timeZone),
      timeZone: environment.drillPolicy.timeZone,
      environment: environment.name,
      drill,
    })),
  );
  runs.sort((a, b) => a.at.localeCompare(b.at));
  if (options.json === true) printJson(runs);
  else columns([['when', 'time zone', 'environment', 'drill'], ...runs.map((run) => [run.local, run.timeZone, run.environment, run.drill])]).forEach(print);
  return EXIT.ok;
};

const VERIFY_CODE = { genuine: EXIT.ok, tampered: EXIT.failed, untrusted: EXIT.unknown } as const;

const textOf = (file: string): string => {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(`${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
};

const verify = (file: string, options: SourceOptions): number => {
  const trusted = [...trustedKeys(options.key ?? []), ...(options.env === undefined ? [] : defineEnvironment(inputNamed(options.env)).drillPolicy.trustedKeys)];
  const check = checkEvidence(textOf(file), trusted);
  const statement = check.kind === 'tampered' ? null : check.evidence.statement;
  if (options.json === true) printJson({ file, kind: check.kind, because: check.because, statement });
  else {
    const colour: Colour = check.kind === 'genuine' ? 'green' : check.kind === 'tampered' ? 'red' : 'yellow';
    print(`${paintFor(process.stdout)(colour, check.kind)}: ${check.because}`);
    if (statement !== null)
      print(
        `${statement.drill} for ${statement.environment}: ${statement.verdict}, begun ${statement.startedAt}, recorded ${statement.recordedAt} by ${statement.recordedBy}`,
      );
  }
  return VERIFY_CODE[check.kind];
};

interface RecordFlags {
  readonly key: string;
  readonly by: string;
  readonly for?: string;
  readonly approvedBy?: string;
  readonly out: string;
}

const record = async (file: string, { for: wanted, ...flags }: RecordFlags): Promise<number> => {
  const environment = wanted === undefined ? {} : { for: defineEnvironment(inputNamed(wanted)) };
  print(await recordEvidence(file, { ...flags, ...environment }, new Date()));
  return EXIT.ok;
};

const collect = (value: string, before: readonly string[] | undefined): readonly string[] => [...(before ?? []), value];

const withSources = (command: Command): Command =>
  command
    .option('--env <name>', 'of this environment only (default: all that are deployed)')
    .option('--from <folder>', 'folder with evidence, and all below it; may be repeated (default: .holdfast/evidence and docs/measurements)', collect)
    .option('--key <public.pem>', 'a key whose evidence is trusted, besides drillPolicy.trustedKeys; may be repeated', collect)
    .option('--json', 'as JSON');

export const registerDrills = (program: Command): void => {
  const drills = program.command('drills').description('scheduled drills: the register, the calendar, and the evidence');
  withSources(drills.command('register', { isDefault: true }).description('every scheduled drill: last run, next run, and whether the proof still stands'))
    .option('--check', 'exit with 1 unless every proof is fresh')
    .addHelpText(
      'after',
      '\nExample: holdfast drills --env production --key evidence-key.pem\nThe evidence of AWS: aws s3 sync s3://<bucket> .holdfast/evidence (docs/scheduled-drills.md)',
    )
    .action((options: SourceOptions & { readonly check?: boolean }) => void (process.exitCode = register(options)));
  withSources(drills.command('calendar').description('every run to come, if each one is carried out'))
    .option('--since <time>', 'from when on (default: now)', instant)
    .option('--to <time>', 'until when (default: a year later)', instant)
    .action((options: CalendarOptions) => void (process.exitCode = calendar(options)));
  drills
    .command('verify')
    .description('whether evidence is what was signed, and by whom')
    .argument('<evidence.json>')
    .option('--env <name>', "trust the keys in this environment's drillPolicy.trustedKeys")
    .option('--key <public.pem>', 'a key that is trusted; may be repeated', collect)
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExit codes: 0 genuine, 1 tampered with, 6 intact, but nobody said that its key is trusted')
    .action((file: string, options: SourceOptions) => void (process.exitCode = verify(file, options)));
  drills
    .command('record')
    .description('signs a report, so that it is evidence; writes a page beside it')
    .argument('<report.json>')
    .requiredOption('--key <private.pem>', 'ECC on the curve P-256: openssl ecparam -name prime256v1 -genkey -noout')
    .option('--by <name>', 'who answers for it', userInfo().username)
    .option('--for <environment>', 'an exercise that was held elsewhere counts for this environment')
    .option('--approved-by <name>', 'who agreed to the run')
    .option('--out <folder>', 'where evidence is kept', evidenceFolder())
    .action(async (file: string, options: RecordFlags) => void (process.exitCode = await record(file, options)));
};
