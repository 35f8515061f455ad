/** `holdfast report <file...> [--out page.html] [--json]`: shows what drills measured; runs nothing. */
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import type { Command } from 'commander';
import { renderPage, type PageInput } from '../../lib/drill/html/page';
import type { TimelineOrReason } from '../../lib/drill/html/runs';
import { readReport, ReportError, type DrillReport } from '../../lib/drill/report';
import { readTimeline, TimelineError } from '../../lib/drill/timeline';
import { reasonLines, reportTable, wantsColour } from '../../lib/drill/table';
import { EXIT } from '../exit';

export interface ReportOptions {
  /** Write the page to this file. @default - no page is written */
  readonly out?: string;
  /** Print the summaries as JSON instead of the table. */
  readonly json?: boolean;
}

/** Where a command writes and what it knows of its surroundings. */
export interface ReportIo {
  readonly stdout: { write(text: string): unknown; readonly isTTY?: boolean; readonly columns?: number };
  readonly stderr: { write(text: string): unknown };
  readonly env: Readonly<Record<string, string | undefined>>;
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  EISDIR: 'it is a directory',
  ENOTDIR: 'a part of its path is no folder',
  EACCES: 'permission denied',
  ENOSPC: 'no space left on the device',
};

const reasonOf = (error: unknown): string => {
  const { code, message } = (typeof error === 'object' && error !== null ? error : {}) as { readonly code?: unknown; readonly message?: unknown };
  return REASONS[String(code)] ?? (typeof message === 'string' ? message : String(error));
};

const readTimelines = (file: string, report: DrillReport): Promise<readonly TimelineOrReason[]> =>
  Promise.all(
    report.runs.map(async ({ timeline }): Promise<TimelineOrReason> => {
      if (timeline === undefined) return null;
      if (isAbsolute(timeline) || timeline.split(/[/\\]/).includes('..')) return { missing: `"${timeline}" does not lie beside the report` };
      try {
        return readTimeline(await readFile(join(dirname(file), timeline), 'utf8'));
      } catch (error) {
        return { missing: `${timeline}: ${error instanceof TimelineError ? error.message : reasonOf(error)}` };
      }
    }),
  );

const readOne = async (file: string): Promise<PageInput | string> => {
  try {
    const report = readReport(await readFile(file, 'utf8'));
    return { report, timelines: await readTimelines(file, report) };
  } catch (error) {
    return `error: ${file}: ${error instanceof ReportError ? error.message : reasonOf(error)}\n`;
  }
};

/** Every file is read before anything is shown: all that are corrupt are named at once. */
const readAll = async (files: readonly string[], io: ReportIo): Promise<readonly PageInput[] | null> => {
  const read = await Promise.all(files.map(readOne));
  for (const error of read) if (typeof error === 'string') io.stderr.write(error);
  const good = read.filter((r): r is PageInput => typeof r !== 'string');
  return good.length === files.length ? good : null;
};

/** Written beside and moved into place: an interrupted command leaves no half page, and an earlier page stays whole. */
const writeWhole = async (path: string, text: string): Promise<void> => {
  const partial = `${path}.${process.pid}.partial`;
  try {
    await writeFile(partial, text);
    await rename(partial, path);
  } finally {
    await rm(partial, { force: true });
  }
};

const print = (inputs: readonly PageInput[], options: ReportOptions, { stdout, env }: ReportIo): void => {
  const reports = inputs.map((i) => i.report);
  if (options.json) {
    const summaries = reports.map(({ drill, environment, mode, startedAt, objective, budget, summary }) => ({
      drill,
      environment,
      mode,
      startedAt,
      objective,
      budget,
      summary,
    }));
    stdout.write(`${JSON.stringify(summaries, null, 2)}\n`);
    return;
  }
  const isTerminal = stdout.isTTY === true;
  const width = isTerminal && stdout.columns !== undefined ? { width: stdout.columns } : {};
  stdout.write(`${reportTable(reports, { colour: wantsColour(isTerminal, env), ...width })}\n`);
  const reasons = reports.flatMap(reasonLines);
  if (reasons.length > 0) stdout.write(`\n${reasons.join('\n')}\n`);
};

const sayMissingTimelines = (inputs: readonly PageInput[], io: ReportIo): void => {
  for (const { report, timelines } of inputs) {
    timelines.forEach((timeline, i) => {
      if (timeline !== null && 'missing' in timeline) io.stderr.write(`${report.drill}, run ${i + 1}: no picture: ${timeline.missing}\n`);
    });
  }
};

/**
 * Shows reports as a table (or JSON), and writes them as one page.
 * @returns the exit code: whether the drills passed is what a report says, not whether it could be shown; `drill run` fails when a drill does
 */
export const report = async (files: readonly string[], options: ReportOptions, io: ReportIo): Promise<number> => {
  if (files.length === 0) {
    io.stderr.write('error: name at least one report file, for example .holdfast/drills/*/report.json\n');
    return EXIT.usage;
  }
  const inputs = await readAll(files, io);
  if (inputs === null) return EXIT.usage;
  print(inputs, options, io);
  if (options.out === undefined) return EXIT.ok;
  sayMissingTimelines(inputs, io);
  try {
    await writeWhole(resolve(options.out), renderPage(inputs));
  } catch (error) {
    io.stderr.write(`error: ${options.out} could not be written: ${reasonOf(error)}\n`);
    return EXIT.notPossible;
  }
  io.stderr.write(`page written to ${options.out}\n`);
  return EXIT.ok;
};

export const registerReport = (program: Command): void => {
  program
    .command('report')
    .argument('<file...>', 'reports of drills (JSON)')
    .description('what drills measured, as a table and as a page')
    .option('--out <page.html>', 'write one self-contained page with the pictures of the runs')
    .option('--json', 'the summaries as JSON')
    .addHelpText(
      'after',
      '\nExample: holdfast report docs/measurements/*.json --out report.html\nExit codes: 0 shown, whatever the verdicts, 2 a file is no report, 3 the page can not be written',
    )
    .action(
      async (files: string[], options: ReportOptions) =>
        void (process.exitCode = await report(files, options, { stdout: process.stdout, stderr: process.stderr, env: process.env })),
    );
};
