/** The first thing a reader sees: objective, budget, measured, verdict, one row per drill. */
import { formatCount, formatRange, formatSeconds, VERDICT_SIGN } from '../format';
import type { DrillReport } from '../report-types';
import type { Verdict } from '../verdict';
import { markup, type Markup } from './markup';

export const verdictBadge = (verdict: Verdict, size: '' | 'large' = ''): Markup =>
  markup`<span class="verdict ${verdict} ${size}"><span aria-hidden="true">${VERDICT_SIGN[verdict]}</span>${verdict}</span>`;

export const anchorOf = (index: number): string => `drill-${index + 1}`;

/** A figure that breaks what is allowed stands out by weight and colour; its sentence is among the reasons. */
export const against = (value: number | null, limit: number, text: string): Markup =>
  value !== null && value > limit ? markup`<span class="bad">${text}</span>` : markup`<span>${text}</span>`;

const measuredTime = ({ summary, objective, budget }: DrillReport): Markup => {
  const most = against(summary.max, Math.min(objective.rtoSeconds, budget.upperSeconds), formatSeconds(summary.max));
  if (summary.runs === 1 || summary.max === null) return markup`<span>${most}</span>`;
  return markup`<span>${most}<span class="sub">median ${formatSeconds(summary.p50)}</span></span>`;
};

const lost = (count: number | null, tolerated: boolean): Markup =>
  tolerated ? markup`<span>${formatCount(count)}</span>` : against(count, 0, formatCount(count));

const row = (report: DrillReport, index: number, alone: boolean): Markup => {
  const { objective, budget, summary } = report;
  const name = alone ? markup`<span>${report.drill}</span>` : markup`<a href="#${anchorOf(index)}">${report.drill}</a>`;
  const rpo = objective.rpoSeconds === 0 ? 'no write lost' : `at most ${formatSeconds(objective.rpoSeconds)} of writes lost`;
  return markup`<tr>
    <td data-label="Drill">${name}</td>
    <td data-label="Objective">
      <span>≤ ${formatSeconds(objective.rtoSeconds)}<span class="sub">${rpo}</span></span>
    </td>
    <td data-label="Budget" class="num"><span>${formatRange(budget.lowerSeconds, budget.upperSeconds)}</span></td>
    <td data-label="Longest gap" class="num">${measuredTime(report)}</td>
    <td data-label="Writes lost" class="num">${lost(summary.ackedLost, objective.rpoSeconds > 0)}</td>
    <td data-label="Reads lost" class="num">${lost(summary.readThenLost, objective.rpoSeconds > 0)}</td>
    <td data-label="Runs" class="num"><span>${summary.runs}</span></td>
    <td data-label="Verdict">${verdictBadge(summary.verdict)}</td>
  </tr>`;
};

export const summaryTable = (reports: readonly DrillReport[]): Markup =>
  markup`<div class="scroll">
    <table class="cards">
      <thead>
        <tr>
          <th>Drill</th>
          <th>Objective</th>
          <th class="num">Budget</th>
          <th class="num">Longest gap</th>
          <th class="num">Writes lost</th>
          <th class="num">Reads lost</th>
          <th class="num">Runs</th>
          <th>Verdict</th>
        </tr>
      </thead>
      <tbody>
        ${reports.map((r, i) => row(r, i, reports.length === 1))}
      </tbody>
    </table>
  </div>`;
