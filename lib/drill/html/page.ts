/** One self-contained page for one report or several: no script, no external resource, light and dark, for screens, phones and paper. */
import { formatCount, formatInstant, formatSeconds } from '../format';
import type { DrillReport } from '../report-types';
import { worst } from '../verdict';
import { budgetFigure } from './budget-picture';
import { markup, Markup, NOTHING } from './markup';
import { provenanceSection, type Provenance } from './provenance';
import { losses, reasons, otherRuns, runList, tellingRun, type TimelineOrReason } from './runs';
import { STYLE } from './style';
import { anchorOf, summaryTable, verdictBadge } from './summary';

/** A report and the timelines of its runs, in the order of `report.runs`; missing ones may be left out. */
export interface PageInput {
  readonly report: DrillReport;
  readonly timelines: readonly TimelineOrReason[];
}

const mostOf = (values: readonly (number | null | undefined)[]): number | null => {
  const known = values.filter((v): v is number => v !== null && v !== undefined);
  return known.length === 0 ? null : Math.max(...known);
};

const fact = (name: string, value: string, note: string, bad = false): Markup =>
  markup`<div><dt>${name}</dt><dd${bad ? new Markup(' class="bad"') : NOTHING}>${value}<small>${note}</small></dd></div>`;

/** What the summary's table does not say already. */
const ownFacts = (report: DrillReport): readonly Markup[] => {
  const { runs, summary } = report;
  const margins = runs.map((r) => r.localCommitMarginSeconds).filter((m): m is number => m !== null && m !== undefined);
  const margin = margins.length === 0 ? null : Math.min(...margins);
  const primaries = mostOf(runs.map((r) => r.writablePrimaries));
  const falseFailovers = mostOf(runs.map((r) => r.falseFailovers));
  return [
    runs.length > 1 ? fact('Gap, p99', formatSeconds(summary.p99), `of ${summary.runs} runs`) : NOTHING,
    fact('Primaries at once', formatCount(primaries), 'nodes that took a commit', (primaries ?? 0) > 1),
    fact('False failovers', formatCount(falseFailovers), 'in one run, at most', (falseFailovers ?? 0) > 0),
    margin === null ? NOTHING : fact('Handover margin', formatSeconds(margin), 'last old to first new write', margin < 0),
    fact('Healthy again', formatSeconds(mostOf(runs.map((r) => r.healthyAgainSeconds))), 'after the fault ended'),
  ];
};

const facts = (report: DrillReport, alone: boolean): Markup => {
  const { objective, budget, summary } = report;
  const repeated = [
    fact(
      'Longest gap',
      formatSeconds(summary.max),
      `objective ${formatSeconds(objective.rtoSeconds)}, budget ${formatSeconds(budget.upperSeconds)}`,
      (summary.max ?? 0) > Math.min(objective.rtoSeconds, budget.upperSeconds),
    ),
    fact('Writes lost', formatCount(summary.ackedLost), 'acknowledged and missing', objective.rpoSeconds === 0 && (summary.ackedLost ?? 0) > 0),
  ];
  return markup`<dl class="facts">${alone ? [] : repeated}${ownFacts(report)}</dl>`;
};

const passedChecks = (report: DrillReport): Markup => {
  const checks = report.runs.flatMap((r) => r.checks ?? []);
  if (checks.length === 0) return NOTHING;
  const names = [...new Set(checks.map((c) => c.check))];
  const rows = names.map((name) => {
    const own = checks.filter((c) => c.check === name);
    const telling = own.find((c) => c.verdict === worst(own.map((o) => o.verdict)));
    return markup`<tr>
      <td data-label="Check"><span>${name}</span></td>
      <td data-label="Verdict">${verdictBadge(worst(own.map((c) => c.verdict)))}</td>
      <td data-label="For example"><span>${telling?.detail ?? ''}</span></td>
    </tr>`;
  });
  return markup`<details>
    <summary>Every check that was made</summary>
    <div class="body">
      <table class="cards">
        <thead>
          <tr>
            <th>Check</th>
            <th>Verdict</th>
            <th>For example</th>
          </tr>
        </thead>
        <tbody>
          ${rows}
        </tbody>
      </table>
    </div>
  </details>`;
};

const origin = (report: DrillReport): Markup => {
  const { machine } = report;
  const entries: readonly (readonly [string, Markup])[] = [
    ['Command', markup`<code>${report.command}</code>`],
    ['Started', markup`${formatInstant(report.startedAt)}`],
    ['Environment', markup`${report.environment}${report.mode === null ? '' : `, ${report.mode} mode`}`],
    ['Seed', markup`${String(report.seed)}`],
    ['Configuration', markup`<code>${report.configurationHash}</code>`],
    ['Machine', markup`${String(machine.cores)} core${machine.cores === 1 ? '' : 's'}, ${String(machine.memoryGiB)} GiB, ${machine.kernel}`],
    ['Versions', markup`${Object.entries(report.versions).map(([name, version]) => markup`<span class="chip">${name} ${version}</span> `)}`],
  ];
  return markup`<h3>Where this comes from</h3>
    <dl class="origin">
      ${entries.map(
        ([name, value]) =>
          markup`<dt>${name}</dt>
            <dd>${value}</dd>`,
      )}
    </dl>`;
};

const drillSection = ({ report, timelines }: PageInput, index: number, alone: boolean): Markup => {
  const heading = alone
    ? NOTHING
    : markup`<div class="title">
          <h2>${report.drill}</h2>
          ${verdictBadge(report.summary.verdict)}${report.requirements.map((r) => markup`<span class="chip">${r}</span>`)}
        </div>
        ${report.title === undefined ? NOTHING : markup`<p class="lead">${sentence(report.title)}</p>`}`;
  return markup`<section class="${alone ? 'only' : 'drill'}" id="${anchorOf(index)}">
    ${heading}${facts(report, alone)}${reasons(report)}${losses(report)}
    <h3>Where the time goes</h3>
    ${budgetFigure(report)}${tellingRun(report, timelines)}${runList(report)}${otherRuns(report, timelines)}${passedChecks(report)}${origin(report)}
  </section>`;
};

const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`;

const header = (inputs: readonly PageInput[]): Markup => {
  const reports = inputs.map((i) => i.report);
  const [first] = reports;
  const verdict = worst(reports.map((r) => r.summary.verdict));
  const alone = reports.length === 1 && first ? first : null;
  const runs = reports.reduce((n, r) => n + r.runs.length, 0);
  const environments = [...new Set(reports.map((r) => r.environment))].join(', ');
  const title = alone ? alone.drill : `${reports.length} drills`;
  const passed = reports.filter((r) => r.summary.verdict === 'pass').length;
  const lead = alone
    ? alone.title === undefined
      ? ''
      : sentence(alone.title)
    : `${passed} of ${reports.length} drills kept their objective and lost nothing that was promised.`;
  const started = reports.map((r) => r.startedAt).sort()[0] ?? '';
  return markup`<header class="top">
    <p class="kicker">Holdfast drill report · environment ${environments}</p>
    <div class="title">
      <h1>${title}</h1>
      ${verdictBadge(verdict, 'large')}${alone ? alone.requirements.map((r) => markup`<span class="chip">${r}</span>`) : NOTHING}
    </div>
    ${lead === '' ? NOTHING : markup`<p class="lead">${lead}</p>`}
    <p class="meta">${String(runs)} run${runs === 1 ? '' : 's'}, started ${formatInstant(started)}</p>
  </header>`;
};

const PATTERNS = markup`<svg width="0" height="0" style="position:absolute" aria-hidden="true">
  <defs>
    <pattern id="gap-hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
      <rect width="6" height="6" style="fill:var(--gap-wash)" />
      <line x1="0" y1="0" x2="0" y2="6" style="stroke:var(--gap);stroke-opacity:.45" stroke-width="1.4" />
    </pattern>
    <pattern id="away-hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
      <line x1="0" y1="0" x2="0" y2="6" style="stroke:var(--away)" stroke-width="2" />
    </pattern>
  </defs>
</svg>`;

/** The whole page. The same input gives the same bytes. @param provenance of a single report that was signed */
export const renderPage = (inputs: readonly PageInput[], provenance?: Provenance): string => {
  if (inputs.length === 0) throw new Error('a page needs at least one report');
  const alone = inputs.length === 1;
  const title = alone ? `Drill ${inputs[0]?.report.drill ?? ''}` : `${inputs.length} drills`;
  const body = markup`${PATTERNS}${header(inputs)}
    <main>${summaryTable(inputs.map((i) => i.report))}${inputs.map((input, i) => drillSection(input, i, alone))}${provenance === undefined ? NOTHING : provenanceSection(provenance)}</main>
    <footer>
      A gap is the longest time between two acknowledged writes of one client. A run passes when every check passes; one check that can't be made keeps it from
      passing.
    </footer>`;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:"><link rel="icon" href="data:,"><title>${markup`${title} · Holdfast`.text}</title><style>${STYLE}</style></head><body>${body.text}</body></html>
`;
};
