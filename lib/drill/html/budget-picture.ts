/** Where the time goes: the budget's stages, the objective, and every run on one axis. */
import { formatSeconds } from '../format';
import type { DrillReport, ReportStage } from '../report-types';
import { axis, laneName, nameHeight, picture } from './axis';
import { LAYOUTS, scaleOf, textWidth, type Layout, type Scale } from './layout';
import { markup, NOTHING, type Markup } from './markup';

const BAR = 22;
const LANE_GAP = 14;
const COLOURS = 7;
export const stageColour = (index: number): string => `stage-${(index % COLOURS) + 1}`;

/** The stages one after the other, from 0. A hairline of the background parts them. */
export const stagesBar = (stages: readonly ReportStage[], bound: 'lower' | 'upper', scale: Scale, layout: Layout, y: number, height: number): Markup => {
  let from = 0;
  return markup`${stages.map((stage, i) => {
    const [x, to] = [scale.x(from), from + stage[bound]];
    const width = scale.x(to) - x;
    from = to;
    if (stage[bound] === 0) return NOTHING;
    const label = `${stage.name} ${formatSeconds(stage[bound])}`;
    const text =
      textWidth(label, layout.font) + 12 < width
        ? markup`<text class="stage-text" x="${x + 8}" y="${y + height / 2 + layout.font * 0.36}">${label}</text>`
        : NOTHING;
    return markup`<rect class="${stageColour(i)}" x="${x}" y="${y}" width="${Math.max(1, width - 1)}" height="${height}"><title>${label}</title></rect>${text}`;
  })}`;
};

interface Placed {
  readonly gap: number;
  readonly verdict: string;
  readonly run: number;
  readonly row: number;
}

const DOT = 4.5;
/** Runs that would cover each other are stacked. */
const placeDots = (report: DrillReport, scale: Scale): readonly Placed[] => {
  const rows: number[] = [];
  return report.runs
    .map((run, i) => ({ gap: run.gapSeconds, verdict: run.verdict, run: i + 1 }))
    .filter((d): d is { gap: number; verdict: typeof d.verdict; run: number } => d.gap !== null)
    .sort((a, b) => a.gap - b.gap)
    .map((dot) => {
      const x = scale.x(dot.gap);
      const free = rows.findIndex((last) => x - last >= DOT * 2);
      const row = free < 0 ? rows.length : free;
      rows[row] = x;
      return { ...dot, row };
    });
};

const limitLine = (value: number, text: string, className: string, scale: Scale, layout: Layout, y: number, bottom: number): Markup => {
  const x = scale.x(value);
  const anchor = x + textWidth(text, layout.font) / 2 > layout.width ? 'end' : x - textWidth(text, layout.font) / 2 < 0 ? 'start' : 'middle';
  return markup`<line class="${className}" x1="${x}" x2="${x}" y1="${y + 5}" y2="${bottom}" /><text
      class="${className}-text"
      x="${x}"
      y="${y}"
      text-anchor="${anchor}"
      >${text}</text
    >`;
};

const draw = (report: DrillReport, layout: Layout): Markup => {
  const { budget, objective } = report;
  const most = Math.max(objective.rtoSeconds, budget.upperSeconds, report.summary.max ?? 0);
  const scale = scaleOf(0, most * 1.06, layout);
  const names = nameHeight(layout);
  const top = layout.font * 2 + 16;
  const lanes = [0, 1].map((i) => top + names + i * (BAR + LANE_GAP + names));
  const [upper = 0, lower = 0] = lanes;
  const dots = placeDots(report, scale);
  const dotRows = Math.max(1, ...dots.map((d) => d.row + 1));
  const dotsTop = lower + BAR + LANE_GAP + names;
  const bottom = dotsTop + Math.max(BAR, dotRows * DOT * 2 + 6) + 6;
  const boundText = `allowed by the configuration ${formatSeconds(budget.upperSeconds)}`;
  return picture(
    layout,
    bottom + layout.font + 10,
    `Objective ${formatSeconds(objective.rtoSeconds)}, budget at most ${formatSeconds(budget.upperSeconds)}, longest measured gap ${formatSeconds(report.summary.max)}`,
    markup`${axis(scale, layout, top - 4, bottom)}${laneName('budget, at most', layout, upper, upper + BAR / 2)}${stagesBar(budget.stages, 'upper', scale, layout, upper, BAR)}${laneName(
      'budget, at least',
      layout,
      lower,
      lower + BAR / 2,
    )}${stagesBar(budget.stages, 'lower', scale, layout, lower, BAR)}${laneName(report.runs.length === 1 ? 'the run' : 'every run', layout, dotsTop, (dotsTop + bottom) / 2 - 3)}${limitLine(
      objective.rtoSeconds,
      `objective ${formatSeconds(objective.rtoSeconds)}`,
      'objective',
      scale,
      layout,
      layout.font,
      bottom,
    )}${limitLine(budget.upperSeconds, boundText, 'bound', scale, layout, layout.font * 2 + 5, bottom)}${dots.map(
      (d) =>
        markup`<circle class="dot ${d.verdict}" cx="${scale.x(d.gap)}" cy="${bottom - 8 - d.row * DOT * 2 - DOT}" r="${DOT}"
          ><title>run ${d.run}: ${formatSeconds(d.gap)}, ${d.verdict}</title></circle
        >`,
    )}`,
  );
};

const stageRow = (stage: ReportStage, i: number): Markup =>
  markup`<tr><td><span class="swatch ${stageColour(i)}"></span>&ensp;${stage.name}<span class="sub narrow">${stage.source}</span></td><td class="num">${formatSeconds(stage.lower)}</td><td class="num">${formatSeconds(stage.upper)}</td><td class="from quiet">${stage.source}</td></tr>`;

export const budgetFigure = (report: DrillReport): Markup =>
  markup`<figure><figcaption><b>Objective, budget and measurement.</b> The budget adds up what is configured; each dot is the longest gap of one run.</figcaption>${LAYOUTS.map((layout) => draw(report, layout))}<table class="stages"><thead><tr><th>Stage</th><th class="num">At least</th><th class="num">At most</th><th class="from">From</th></tr></thead><tbody>${report.budget.stages.map(stageRow)}</tbody></table></figure>`;
