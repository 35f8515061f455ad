/** The runs of a drill: their pictures, what was lost, why a run did not pass, and the list of all. */
import { elementAt } from '../element';
import { formatCount, formatSeconds } from '../format';
import { formatIds } from '../id-set';
import type { DrillReport, ReportLog, ReportRows, ReportRun } from '../report-types';
import type { RunTimeline } from '../timeline-types';
import { markup, NOTHING, type Markup } from './markup';
import { against, verdictBadge } from './summary';
import { timelineFigure } from './timeline-picture';

/** A run's timeline, or why there is none to show; null: the report names none. */
export type TimelineOrReason = RunTimeline | { readonly missing: string } | null;

/** The run to show first: the worst verdict, and among those the longest gap. */
export const mostTelling = (runs: readonly ReportRun[]): number => {
  const rank = (run: ReportRun): number => ['pass', 'unknown', 'fail'].indexOf(run.verdict) * 1e9 + (run.gapSeconds ?? 0);
  return runs.reduce((best, run, i) => (rank(run) > rank(elementAt(runs, best)) ? i : best), 0);
};

const marginText = (margin: number | null): string =>
  margin === null
    ? ''
    : `; the old primary's last local commit came ${formatSeconds(Math.abs(margin))} ${margin < 0 ? 'after' : 'before'} the new one's first acknowledged write`;

const caption = (run: ReportRun, index: number): Markup =>
  markup`<b>Run ${String(index + 1)}.</b> Longest gap ${formatSeconds(run.gapSeconds)}${marginText(run.localCommitMarginSeconds ?? null)}.`;

const pictureOf = (report: DrillReport, run: ReportRun, index: number, timeline: TimelineOrReason): Markup => {
  if (timeline === null) return markup`<p class="quiet">The report names no timeline for run ${String(index + 1)}.</p>`;
  if ('missing' in timeline) return markup`<p class="bad">The timeline of run ${String(index + 1)} can't be shown: ${timeline.missing}</p>`;
  return timelineFigure(run, timeline, report.budget, caption(run, index));
};

/** The most telling run in full. */
export const tellingRun = (report: DrillReport, timelines: readonly TimelineOrReason[]): Markup => {
  const index = mostTelling(report.runs);
  const run = report.runs[index];
  if (!run || timelines.every((t) => t === null)) return NOTHING;
  return markup`<h3>${report.runs.length === 1 ? 'The run' : 'The most telling run'}</h3>${pictureOf(report, run, index, timelines[index] ?? null)}`;
};

/** The pictures of the other runs, folded. */
export const otherRuns = (report: DrillReport, timelines: readonly TimelineOrReason[]): Markup => {
  const telling = mostTelling(report.runs);
  const folded = report.runs.flatMap((run, i) => {
    const timeline = timelines[i] ?? null;
    if (i === telling || timeline === null) return [];
    return [
      markup`<details><summary>Run ${String(i + 1)} ${verdictBadge(run.verdict)} <span class="quiet">longest gap ${formatSeconds(run.gapSeconds)}</span></summary><div class="body">${pictureOf(report, run, i, timeline)}</div></details>`,
    ];
  });
  return folded.length === 0 ? NOTHING : markup`<h3>Pictures of the other runs</h3><div class="folds">${folded}</div>`;
};

/** Reasons of several runs are told once, with the runs' numbers. */
export const reasons = (report: DrillReport): Markup => {
  const byText = new Map<string, { readonly verdict: 'unknown' | 'fail'; readonly runs: number[] }>();
  report.runs.forEach((run, i) => {
    for (const { verdict, check, detail } of run.checks ?? []) {
      if (verdict === 'pass') continue;
      const text = `${check}: ${detail}`;
      const known = byText.get(text) ?? { verdict, runs: [] };
      byText.set(text, known);
      known.runs.push(i + 1);
    }
  });
  const sorted = [...byText].sort(([, a], [, b]) => (a.verdict === b.verdict ? 0 : a.verdict === 'fail' ? -1 : 1));
  if (sorted.length === 0) return NOTHING;
  const items = sorted.map(
    ([text, { verdict, runs }]) =>
      markup`<li>
        ${verdictBadge(verdict)}<span
          >${text}${report.runs.length === 1 ? NOTHING : markup` <span class="quiet">(run${runs.length === 1 ? '' : 's'} ${runs.join(', ')})</span>`}</span
        >
      </li>`,
  );
  return markup`<h3>Why it did not pass</h3>
    <ul class="reasons">
      ${items}
    </ul>`;
};

const lostRows = (what: string, run: number, rows: readonly ReportRows[]): readonly Markup[] =>
  rows.map(
    (r) =>
      markup`<tr>
        <td data-label="Run" class="num"><span>${String(run)}</span></td>
        <td data-label="What"><span>${what}</span></td>
        <td data-label="Client"><span>${r.client}</span></td>
        <td data-label="Rows" class="num"><span>${String(r.count)}</span></td>
        <td data-label="Ids" class="wide"><code>${formatIds(r.ids)}</code></td>
      </tr>`,
  );

/** The exact rows that were lost; nothing where nothing was. */
export const losses = (report: DrillReport): Markup => {
  const rows = report.runs.flatMap((run, i) => [
    ...lostRows('acknowledged, then lost', i + 1, run.lost ?? []),
    ...lostRows('read, then lost', i + 1, run.readLost ?? []),
  ]);
  if (rows.length === 0) return NOTHING;
  return markup`<h3>What was lost</h3>
    <div class="scroll">
      <table class="cards">
        <thead>
          <tr>
            <th class="num">Run</th>
            <th>What</th>
            <th>Client</th>
            <th class="num">Rows</th>
            <th>Ids</th>
          </tr>
        </thead>
        <tbody>
          ${rows}
        </tbody>
      </table>
    </div>`;
};

/** Only relative paths become links: a report is read from a disk, and must not lead anywhere else. */
const link = ({ name, path }: ReportLog): Markup => {
  const relative = !/^[a-z][a-z0-9+.-]*:|^[/\\]/i.test(path);
  return relative ? markup`<a href="${path.split('/').map(encodeURIComponent).join('/')}">${name}</a> ` : markup`<span>${name} (${path})</span> `;
};

/** Notes besides the findings, which stand among the reasons with their verdict. */
const notesOf = (run: ReportRun): readonly string[] => {
  const told = new Set((run.checks ?? []).map((c) => `${c.verdict}: ${c.check}: ${c.detail}`));
  return run.notes.filter((n) => !told.has(n));
};

/** Notes that every run carries are told once. */
const sharedNotes = (runs: readonly ReportRun[]): readonly string[] => {
  const [first, ...others] = runs;
  return first && others.length > 0 ? notesOf(first).filter((n) => others.every((run) => notesOf(run).includes(n))) : [];
};

const notes = (run: ReportRun, shared: readonly string[]): Markup => {
  const own = notesOf(run).filter((n) => !shared.includes(n));
  return markup`<span>${own.map((n) => markup`<span class="sub">${n}</span>`)}${(run.logs ?? []).map(link)}</span>`;
};

const runRow = (report: DrillReport, run: ReportRun, i: number, shared: readonly string[]): Markup => {
  const tolerated = report.objective.rpoSeconds > 0 ? Infinity : 0;
  return markup`<tr>
    <td data-label="Run" class="num"><span>${String(i + 1)}</span></td>
    <td data-label="Seed" class="num"><span>${String(run.seed)}</span></td>
    <td data-label="Verdict">${verdictBadge(run.verdict)}</td>
    <td data-label="Longest gap" class="num">
      ${against(run.gapSeconds, Math.min(report.objective.rtoSeconds, report.budget.upperSeconds), formatSeconds(run.gapSeconds))}
    </td>
    <td data-label="Writes lost" class="num">${against(run.ackedLost, tolerated, formatCount(run.ackedLost))}</td>
    <td data-label="Reads lost" class="num">${against(run.readThenLost, tolerated, formatCount(run.readThenLost))}</td>
    <td data-label="Primaries" class="num">${against(run.writablePrimaries, 1, formatCount(run.writablePrimaries))}</td>
    <td data-label="Healthy again" class="num"><span>${formatSeconds(run.healthyAgainSeconds)}</span></td>
    <td data-label="Notes" class="wide">${notes(run, shared)}</td>
  </tr>`;
};

export const runList = (report: DrillReport): Markup => {
  const shared = sharedNotes(report.runs);
  const told = shared.length === 0 ? NOTHING : markup`<p class="quiet small">In every run: ${shared.join('; ')}.</p>`;
  return markup`<h3>${report.runs.length === 1 ? 'The run in figures' : 'All runs'}</h3>${told}<div class="scroll"><table class="cards"><thead><tr><th class="num">Run</th><th class="num">Seed</th><th>Verdict</th><th class="num">Longest gap</th><th class="num">Writes lost</th><th class="num">Reads lost</th><th class="num">Primaries</th><th class="num">Healthy again</th><th>Notes and logs</th></tr></thead><tbody>${report.runs.map((run, i) => runRow(report, run, i, shared))}</tbody></table></div>`;
};
