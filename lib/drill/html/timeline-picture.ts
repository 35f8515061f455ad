/** One run as a picture: what clients got, what nodes were, when the failover's stages happened; seconds since the fault. */
import { formatSeconds } from '../format';
import type { ReportBudget, ReportRun } from '../report-types';
import type { RunTimeline } from '../timeline-types';
import { axis, laneName, nameHeight, picture } from './axis';
import { stagesBar } from './budget-picture';
import { clientLane, nodeLane, CLIENT_LANE, NODE_LANE } from './lanes';
import { LAYOUTS, placeFlags, scaleOf, textWidth, type Flag, type Layout, type Scale } from './layout';
import { markup, NOTHING, type Markup } from './markup';

const STAGE_NAMES = { detected: 'detected', lockTaken: 'lock taken', promoted: 'promoted', routed: 'routed', firstAck: 'first ack' } as const;
const STAGE_BAR = 18;
const LANE_GAP = 12;

interface Moment {
  readonly t: number;
  readonly name: string;
}

/** In the order in which they happened; none where nothing was failed over: there, the gap says it all. */
const stageMoments = (run: ReportRun): readonly Moment[] => {
  const names = Object.keys(STAGE_NAMES) as (keyof typeof STAGE_NAMES)[];
  const moments = names.flatMap((key) => {
    const t = run.stages[key];
    return t === null || t < 0 ? [] : [{ t, name: STAGE_NAMES[key] }];
  });
  return moments.some((m) => m.name !== STAGE_NAMES.firstAck) ? moments.sort((a, b) => a.t - b.t) : [];
};

/** Marks that say no more than the picture's ends or its stages do. */
const SHOWN_OTHERWISE: readonly string[] = ['steady', 'end', 'faultAt', 'healedAt', ...Object.keys(STAGE_NAMES)];

const momentsOf = (run: ReportRun, timeline: RunTimeline): readonly Moment[] => {
  const healed = timeline.marks.filter((m) => m.name === 'healedAt').map((m) => ({ t: m.t, name: 'healed' }));
  const others = timeline.marks.filter((m) => !SHOWN_OTHERWISE.includes(m.name)).map((m) => ({ t: m.t, name: m.name }));
  return [...stageMoments(run), ...healed, ...others].filter((m) => m.t >= timeline.from && m.t <= timeline.to);
};

const flagText = ({ t, name }: Moment): string => `${name} ${formatSeconds(t)}`;

/** The fault and every other moment, as poles through the picture with flags above it. Returns the height that the flags take. */
const poles = (moments: readonly Moment[], scale: Scale, layout: Layout): { readonly height: number; readonly draw: (bottom: number) => Markup } => {
  const row = layout.font + 5;
  const flags: readonly Flag[] = [{ x: scale.x(0), text: 'fault' }, ...moments.map((m) => ({ x: scale.x(m.t), text: flagText(m) }))];
  const placed = placeFlags(flags, layout.width, layout.font);
  const height = (Math.max(0, ...placed.map((p) => p.row)) + 1) * row + 6;
  const draw = (bottom: number): Markup =>
    markup`${placed.map((p) => {
      const kind = p.text === 'fault' ? ' fault' : '';
      const y = height - p.row * row - 8;
      return markup`<line class="pole${kind}" x1="${p.x}" x2="${p.x}" y1="${y - layout.font + 2}" y2="${bottom}" /><text
          class="flag${kind}"
          x="${p.anchor === 'start' ? p.x + 4 : p.x - 4}"
          y="${y}"
          text-anchor="${p.anchor}"
          >${p.text}</text
        >`;
    })}`;
  return { height, draw };
};

/** The measured stages as one bar, each segment from one moment to the next; the first one is the detection. */
const measuredBar = (run: ReportRun, scale: Scale, layout: Layout, y: number): Markup => {
  let from = 0;
  return markup`${stageMoments(run).map(({ t, name }, i) => {
    const [x, width] = [scale.x(from), scale.x(t) - scale.x(from)];
    const label = `until ${name} ${formatSeconds(t - from)}`;
    from = t;
    const fits = textWidth(label, layout.font) + 12 < width;
    return markup`<rect class="measured${i % 2 ? ' odd' : ''}" x="${x}" y="${y}" width="${Math.max(1, width - 1)}" height="${STAGE_BAR}"
        ><title>${label}</title></rect
      >${fits ? markup`<text class="measured-text" x="${x + 8}" y="${y + STAGE_BAR / 2 + layout.font * 0.36}">${label}</text>` : NOTHING}`;
  })}`;
};

interface Lane {
  readonly name: string;
  readonly height: number;
  readonly draw: (y: number) => Markup;
}

const lanesOf = (run: ReportRun, timeline: RunTimeline, budget: ReportBudget, scale: Scale, layout: Layout): readonly Lane[] => {
  const most = Math.max(1, ...timeline.clients.flatMap((c) => c.acked));
  return [
    { name: 'budget, at most', height: STAGE_BAR, draw: (y) => stagesBar(budget.stages, 'upper', scale, layout, y, STAGE_BAR) },
    ...(stageMoments(run).length === 0 ? [] : [{ name: 'measured stages', height: STAGE_BAR, draw: (y: number) => measuredBar(run, scale, layout, y) }]),
    ...timeline.clients.map((client) => ({
      name: client.client,
      height: CLIENT_LANE,
      draw: (y: number) => clientLane(client, timeline, most, scale, layout, y),
    })),
    ...timeline.nodes.map((node) => ({ name: node.node, height: NODE_LANE, draw: (y: number) => nodeLane(node, scale, layout, y) })),
  ];
};

const worstGap = (timeline: RunTimeline): RunTimeline['clients'][number]['gap'] | null =>
  timeline.clients
    .filter((c) => c.excluded === null)
    .map((c) => c.gap)
    .reduce<RunTimeline['clients'][number]['gap'] | null>((a, b) => (a === null || b.to - b.from > a.to - a.from ? b : a), null);

const draw = (run: ReportRun, timeline: RunTimeline, budget: ReportBudget, layout: Layout): Markup => {
  const scale = scaleOf(timeline.from, timeline.to, layout);
  const flags = poles(momentsOf(run, timeline), scale, layout);
  let bottom = flags.height + 4;
  const lanes = lanesOf(run, timeline, budget, scale, layout).map((lane) => {
    const y = bottom + nameHeight(layout);
    bottom = y + lane.height + LANE_GAP;
    return markup`${laneName(lane.name, layout, y, y + lane.height / 2)}${lane.draw(y)}`;
  });
  const gap = worstGap(timeline);
  const wash = gap
    ? markup`<rect class="wash" x="${scale.x(gap.from)}" y="${flags.height}" width="${scale.x(gap.to) - scale.x(gap.from)}" height="${bottom - flags.height}" />`
    : NOTHING;
  return picture(
    layout,
    bottom + layout.font + 10,
    `Timeline of the run: longest gap ${formatSeconds(run.gapSeconds)}`,
    markup`${axis(scale, layout, flags.height, bottom)}${wash}${flags.draw(bottom)}${lanes}`,
  );
};

const LEGEND = markup`<ul class="legend">
  <li><span class="swatch" style="background:var(--acked)"></span>acknowledged writes</li>
  <li><span class="swatch gap"></span>longest gap</li>
  <li><span class="swatch" style="background:var(--gap);width:3px"></span>errors</li>
  <li><span class="swatch" style="background:var(--leader)"></span>primary</li>
  <li><span class="swatch" style="background:var(--standby)"></span>standby, streaming</li>
  <li><span class="swatch away"></span>not in service</li>
  <li><span class="swatch thin" style="background:var(--leader)"></span>holds the leader key</li>
  <li><span class="swatch thin" style="background:var(--writable)"></span>accepts local commits</li>
</ul>`;

/** The picture of one run in all widths, with its legend. */
export const timelineFigure = (run: ReportRun, timeline: RunTimeline, budget: ReportBudget, caption: Markup): Markup =>
  markup`<figure>
    <figcaption>${caption}</figcaption>
    ${LAYOUTS.map((layout) => draw(run, timeline, budget, layout))}${LEGEND}
  </figure>`;
