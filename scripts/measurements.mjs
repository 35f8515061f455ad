// Writes docs/measurements/README.md from the reports beside it. `node scripts/measurements.mjs [--check]`; with --check it only says whether the page is up to date.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = join(dirname(fileURLToPath(import.meta.url)), '..', 'docs', 'measurements');
const page = join(folder, 'README.md');

const reports = readdirSync(folder)
  .filter((file) => file.endsWith('.json'))
  .sort()
  .map((file) => ({ file, report: JSON.parse(readFileSync(join(folder, file), 'utf8')) }));

const seconds = (n) => (n === null ? '?' : n.toFixed(2));
const most = (runs, field) => {
  const values = runs.map((run) => run[field]).filter((value) => value !== null && value !== undefined);
  return values.length === 0 ? '?' : Math.max(...values).toFixed(1);
};

const row = ({ file, report }) => {
  const { drill, runs, summary, budget, objective } = report;
  return [
    `[${drill}](${file})`,
    summary.runs,
    seconds(summary.p50),
    seconds(summary.max),
    budget.upperSeconds.toFixed(1),
    objective.rtoSeconds,
    summary.ackedLost ?? '?',
    summary.readThenLost ?? '?',
    most(runs, 'writablePrimaries').replace('.0', ''),
    most(runs, 'healthyAgainSeconds'),
    `${runs.filter((run) => run.verdict === 'pass').length} pass, ${runs.filter((run) => run.verdict === 'unknown').length} unknown, ${runs.filter((run) => run.verdict === 'fail').length} fail`,
  ].join(' | ');
};

const origin = ({ report }) => {
  const { machine, versions } = report;
  const programs = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return `| ${report.drill} | ${report.startedAt.slice(0, 16).replace('T', ' ')} | \`${report.command}\` | ${machine.cores} cores, ${machine.memoryGiB} GiB, Linux ${machine.kernel} | ${programs.join(', ')} |`;
};

// Figures that a drill has besides those of the contract: numbers at the top of its runs.
const CONTRACT = new Set(
  'seed gapSeconds ackedLost readThenLost writablePrimaries falseFailovers healthyAgainSeconds rpoSeconds acknowledgedTwice localCommitMarginSeconds clientErrors errorsBeyondOneRetry'.split(
    ' ',
  ),
);
const figure = (n) => (Number.isInteger(n) ? String(n) : n.toFixed(2));
const besides = ({ report }) => {
  const names = [...new Set(report.runs.flatMap((run) => Object.keys(run)))].filter((name) => !CONTRACT.has(name));
  return names.flatMap((name) => {
    const values = report.runs
      .map((run) => run[name])
      .filter((value) => typeof value === 'number')
      .sort((a, b) => a - b);
    if (values.length === 0) return [];
    const [median, max] = [values[Math.ceil(values.length / 2) - 1], values[values.length - 1]];
    return [`| ${report.drill} | ${name} | ${values.length} | ${figure(median)} | ${figure(max)} |`];
  });
};
const others = reports.flatMap(besides);
const table =
  others.length === 0
    ? ''
    : `## What some drills measure besides

Fields of their reports; seconds where the name says so.

| drill | what | runs | median | max |
|---|---|---|---|---|
${others.join('\n')}

`;

const text = `<!-- Written by scripts/measurements.mjs from the reports in this folder: do not edit. -->
# Measurements

Every figure here is that of a report in this folder, as \`holdfast drill run\` wrote it. Gap: the longest time between two acknowledged writes of any client that could be served, in seconds. Lost: acknowledged rows
that were missing afterwards; read, then lost: rows that a client had read. Writable: the largest number of nodes that accepted a commit of any durability at the same moment. Healthy again: seconds from the fault's end
until all members streamed on one timeline, at most. How they are judged: [drills.md](../drills.md).

| drill | runs | gap, median | gap, max | budget, at most | objective | lost | read, then lost | writable | healthy again | verdicts |
|---|---|---|---|---|---|---|---|---|---|---|
${reports.map((r) => `| ${row(r)} |`).join('\n')}

Notes on the machine and on what else was measured: [notes.md](notes.md).

${table}## Where they come from

| drill | started (UTC) | command | machine | programs |
|---|---|---|---|---|
${reports.map(origin).join('\n')}
`;

if (process.argv.includes('--check')) {
  const isCurrent = readFileSync(page, 'utf8') === text;
  if (!isCurrent) console.error('docs/measurements/README.md is not what the reports say: run `node scripts/measurements.mjs`');
  process.exit(isCurrent ? 0 : 1);
}
writeFileSync(page, text);
