/** Text for people: aligned columns, and colour where a person is looking. */

export type Colour = 'bold' | 'dim' | 'red' | 'green' | 'yellow';
const CODES: Readonly<Record<Colour, number>> = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33 };

export type Paint = (colour: Colour, text: string) => string;
export const plain: Paint = (_, text) => text;
const coloured: Paint = (colour, text) => `\u001b[${CODES[colour]}m${text}\u001b[0m`;

/** Colour only on a terminal, and not when NO_COLOR is set (https://no-color.org). */
export const paintFor = (stream: { readonly isTTY?: boolean }, environment: NodeJS.ProcessEnv = process.env): Paint =>
  stream.isTTY === true && (environment['NO_COLOR'] ?? '') === '' && environment['TERM'] !== 'dumb' ? coloured : plain;

/** Columns as wide as their widest cell, two spaces apart; `right` names the columns that are aligned to the right. */
export const columns = (rows: readonly (readonly string[])[], right: readonly number[] = []): readonly string[] => {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  return rows.map((row) =>
    row
      .map((cell, column) => (right.includes(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
};

export const print = (text: string): void => void process.stdout.write(`${text}\n`);
/** Progress and notices: standard error, so that what a command prints can be piped. */
export const notice = (text: string): void => void process.stderr.write(`${text}\n`);
export const printJson = (value: unknown): void => print(JSON.stringify(value, null, 2));
