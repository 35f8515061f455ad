/** The summary for a terminal: objective, budget, measured, verdict, one row per drill, aligned. */
import { formatCount, formatRange, formatSeconds, VERDICT_SIGN } from './format';
import type { DrillReport } from './report-types';
import type { Verdict } from './verdict';

export interface TableOptions {
  readonly colour: boolean;
  /** Columns of the terminal; a table that is wider becomes one block per drill. @default - as wide as it needs */
  readonly width?: number;
}

/** Colour only on a terminal that wants it (https://no-color.org: any non-empty NO_COLOR says no). */
export const wantsColour = (isTerminal: boolean, env: Readonly<Record<string, string | undefined>>): boolean =>
  isTerminal && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb';

const ESCAPE = '\u001b[';
const COLOURS: Readonly<Record<Verdict, string>> = { pass: '32', unknown: '33', fail: '31' };
const paint = (text: string, code: string, colour: boolean): string => (colour ? `${ESCAPE}${code}m${text}${ESCAPE}0m` : text);

interface Cell {
  readonly text: string;
  readonly right?: boolean;
  readonly code?: string;
}

const HEADINGS: readonly Cell[] = [
  { text: 'drill' },
  { text: 'objective' },
  { text: 'budget', right: true },
  { text: 'measured (RTO)', right: true },
  { text: 'measured (RPO)' },
  { text: 'runs', right: true },
  { text: 'verdict' },
];

const measured = ({ summary }: DrillReport): string =>
  summary.runs === 1 || summary.max === null ? formatSeconds(summary.max) : `median ${formatSeconds(summary.p50)}, max ${formatSeconds(summary.max)}`;

const objectiveOf = ({ objective }: DrillReport): string => `RTO ${formatSeconds(objective.rtoSeconds)}, RPO ${formatSeconds(objective.rpoSeconds)}`;

const cellsOf = (report: DrillReport): readonly Cell[] => {
  const { summary, budget } = report;
  return [
    { text: report.drill },
    { text: objectiveOf(report) },
    { text: formatRange(budget.lowerSeconds, budget.upperSeconds), right: true },
    { text: measured(report), right: true },
    { text: summary.ackedLost === null ? formatCount(null) : `${summary.ackedLost} lost`, ...((summary.ackedLost ?? 0) > 0 ? { code: COLOURS.fail } : {}) },
    { text: String(summary.runs), right: true },
    { text: `${VERDICT_SIGN[summary.verdict]} ${summary.verdict}`, code: COLOURS[summary.verdict] },
  ];
};

const GAP = '  ';
const widthsOf = (rows: readonly (readonly Cell[])[]): readonly number[] => HEADINGS.map((_, i) => Math.max(...rows.map((row) => row[i]?.text.length ?? 0)));

const line = (cells: readonly Cell[], widths: readonly number[], colour: boolean): string =>
  cells
    .map((cell, i) => {
      const padding = ' '.repeat(Math.max(0, (widths[i] ?? 0) - cell.text.length));
      const text = cell.code === undefined ? cell.text : paint(cell.text, cell.code, colour);
      return cell.right ? `${padding}${text}` : `${text}${padding}`;
    })
    .join(GAP)
    .trimEnd();

const block = (cells: readonly Cell[], colour: boolean): string => {
  const width = Math.max(...HEADINGS.slice(1).map((h) => h.text.length));
  const rows = cells
    .slice(1)
    .map((cell, i) => `  ${(HEADINGS[i + 1]?.text ?? '').padEnd(width)}${GAP}${cell.code === undefined ? cell.text : paint(cell.text, cell.code, colour)}`);
  return [paint(cells[0]?.text ?? '', '1', colour), ...rows].join('\n');
};

/** The table as text without a final newline. No reports: an empty text. */
export const reportTable = (reports: readonly DrillReport[], options: TableOptions): string => {
  if (reports.length === 0) return '';
  const rows = reports.map(cellsOf);
  const widths = widthsOf([HEADINGS, ...rows]);
  const total = widths.reduce((sum, w) => sum + w, 0) + GAP.length * (widths.length - 1);
  if (options.width !== undefined && total > options.width) return rows.map((cells) => block(cells, options.colour)).join('\n\n');
  const head = HEADINGS.map((cell) => ({ ...cell, code: '2' }));
  const rule = paint(widths.map((w) => '─'.repeat(w)).join('──'), '2', options.colour);
  return [line(head, widths, options.colour), rule, ...rows.map((cells) => line(cells, widths, options.colour))].join('\n');
};

/** One line per finding that kept a run from passing, for below the table. */
export const reasonLines = (report: DrillReport): readonly string[] =>
  report.runs.flatMap((run, i) =>
    (run.checks ?? []).filter((c) => c.verdict !== 'pass').map((c) => `${report.drill}, run ${i + 1}: ${VERDICT_SIGN[c.verdict]} ${c.check}: ${c.detail}`),
  );
