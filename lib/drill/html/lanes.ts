/** The lanes of a run's picture. */
import { formatSeconds } from '../format';
import type { ClientTimeline, NodeState, NodeTimeline, RunTimeline } from '../timeline-types';
import { fitted } from './axis';
import { textWidth, type Layout, type Scale } from './layout';
import { markup, NOTHING, type Markup } from './markup';

export const CLIENT_LANE = 30;
export const NODE_LANE = 30;
const STATE_BAR = 18;
const ERRORS = 4;
/** Bins are joined until a column is so wide, pixels. */
const COLUMN = 2;

/** Sums of `size` bins each. */
const joinedBins = (bins: readonly number[], size: number): readonly number[] =>
  Array.from({ length: Math.ceil(bins.length / size) }, (_, i) => bins.slice(i * size, (i + 1) * size).reduce((a, b) => a + b, 0));

interface Columns {
  readonly values: readonly number[];
  readonly edge: (index: number) => number;
  readonly size: number;
}

const columnsOf = (bins: readonly number[], timeline: RunTimeline, scale: Scale): Columns => {
  const perBin = ((scale.right - scale.left) / (scale.to - scale.from)) * timeline.binSeconds;
  const size = Math.max(1, Math.ceil(COLUMN / perBin));
  return { values: joinedBins(bins, size), size, edge: (index) => scale.x(timeline.from + index * size * timeline.binSeconds) };
};

const point = (n: number): string => String(Math.round(n * 10) / 10);

/** A stepped area over the lane's floor; columns of equal height are one step. */
const area = ({ values, edge, size }: Columns, most: number, floor: number, height: number): string => {
  const level = (value: number): number => Math.round((floor - (Math.min(value, most * size) / (most * size)) * height) * 10) / 10;
  const steps = values.flatMap((value, i) => (i > 0 && level(value) === level(values[i - 1] ?? 0) ? [] : [`H${point(edge(i))}V${level(value)}`]));
  return `M${point(edge(0))} ${point(floor)}${steps.join('')}H${point(edge(values.length))}V${point(floor)}Z`;
};

const errorTicks = (client: ClientTimeline, timeline: RunTimeline, scale: Scale, y: number): Markup => {
  const { values, edge } = columnsOf(client.errors, timeline, scale);
  const path = values.flatMap((n, i) => (n === 0 ? [] : [`M${point(edge(i))} ${point(y)}h1.5v${ERRORS}h-1.5z`])).join('');
  return path === '' ? NOTHING : markup`<path class="errors" d="${path}" />`;
};

const gapText = (client: ClientTimeline): string => {
  const { from, to, open } = client.gap;
  if (client.excluded !== null) return `has no say: ${client.excluded}`;
  return open && to - from > 1 ? `${formatSeconds(to - from)}, not served any more` : formatSeconds(to - from);
};

/** The gap's length stands in the gap, or beside it where it is too short, on a plate so that it can be read over the columns. */
const gapLabel = (client: ClientTimeline, x: number, width: number, scale: Scale, layout: Layout, y: number): Markup => {
  const wanted = gapText(client);
  const inside = textWidth(wanted, layout.font) + 10 < width;
  const text = inside || client.excluded === null ? wanted : fitted(wanted, width - 8, layout.font);
  if (text === '') return NOTHING;
  const half = textWidth(text, layout.font) / 2 + 4;
  const beside = x + width + half + 4;
  const centre = inside || client.excluded !== null ? x + width / 2 : beside + half > scale.right ? x - half - 4 : beside;
  const middle = y + CLIENT_LANE / 2;
  const kind = client.excluded === null ? 'gap-text' : 'note';
  return markup`<rect class="plate" x="${centre - half}" y="${middle - layout.font * 0.75}" width="${half * 2}" height="${layout.font * 1.5}" rx="3" /><text
      class="${kind}"
      x="${centre}"
      y="${middle + layout.font * 0.36}"
      text-anchor="middle"
      >${text}</text
    >`;
};

/** Acknowledgements as columns, errors as ticks on the lane's upper edge, the longest gap hatched. */
export const clientLane = (client: ClientTimeline, timeline: RunTimeline, most: number, scale: Scale, layout: Layout, y: number): Markup => {
  const [x, end] = [scale.x(client.gap.from), scale.x(client.gap.to)];
  const width = Math.max(2, end - x);
  const columns = area(columnsOf(client.acked, timeline, scale), most, y + CLIENT_LANE, CLIENT_LANE - ERRORS - 2);
  const gap =
    client.excluded === null ? markup`<rect class="gap" x="${x}" y="${y + ERRORS + 2}" width="${width}" height="${CLIENT_LANE - ERRORS - 2}" />` : NOTHING;
  return markup`<rect class="track" x="${scale.left}" y="${y + ERRORS + 2}" width="${scale.right - scale.left}" height="${CLIENT_LANE - ERRORS - 2}" /><path
      class="acked${client.excluded === null ? '' : ' muted'}"
      d="${columns}"
    />${gap}${errorTicks(client, timeline, scale, y)}${gapLabel(client, x, width, scale, layout, y + 3)}`;
};

const PRIMARY_ROLES: readonly (string | null)[] = ['primary', 'master', 'leader'];
const kindOf = (state: NodeState): 'primary' | 'standby' | 'away' => {
  if (PRIMARY_ROLES.includes(state.role) && state.state === 'running') return 'primary';
  return state.state === 'streaming' ? 'standby' : 'away';
};

const ROLE_NAMES: Readonly<Record<string, string>> = { sync_standby: 'synchronous standby', replica: 'standby', standby_leader: 'standby leader' };
const describe = (state: NodeState): string => {
  const kind = kindOf(state);
  if (kind === 'away') return state.state;
  const role = kind === 'primary' ? 'primary' : (ROLE_NAMES[state.role ?? ''] ?? state.role ?? 'standby');
  return state.timeline === null ? role : `${role}, timeline ${state.timeline}`;
};

const stateBar = (state: NodeState, scale: Scale, layout: Layout, y: number): Markup => {
  const [x, end] = [scale.x(state.from), scale.x(state.to)];
  const kind = kindOf(state);
  const [full, short] = [describe(state), kind === 'away' ? state.state : kind];
  const text = [full, short].find((t) => textWidth(t, layout.font) + 14 < end - x);
  return markup`<rect class="${kind}" x="${x}" y="${y}" width="${Math.max(1, end - x - 0.5)}" height="${STATE_BAR}"><title>${full}</title></rect
    >${text === undefined ? NOTHING : markup`<text class="${kind}-text" x="${x + 7}" y="${y + STATE_BAR / 2 + layout.font * 0.36}">${text}</text>`}`;
};

/** What the member said it was; below it, when it held the leader key, and when it accepted local commits. */
export const nodeLane = (node: NodeTimeline, scale: Scale, layout: Layout, y: number): Markup => {
  const band =
    (className: string, offset: number) =>
    ([from, to]: readonly [number, number]) =>
      markup`<rect class="${className}" x="${scale.x(from)}" y="${y + offset}" width="${Math.max(1, scale.x(to) - scale.x(from))}" height="4" />`;
  return markup`<rect
      class="track"
      x="${scale.left}"
      y="${y}"
      width="${scale.right - scale.left}"
      height="${STATE_BAR}"
    />${node.states.map((s) => stateBar(s, scale, layout, y))}${node.leads.map(band('key', STATE_BAR + 2))}${node.writable.map(band('writable', STATE_BAR + 8))}`;
};
