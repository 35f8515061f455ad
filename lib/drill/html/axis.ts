import { markup, type Markup } from './markup';
import { textWidth, ticks, type Layout, type Scale } from './layout';

/** Grid lines over `[top, bottom]` and the seconds beneath. */
export const axis = (scale: Scale, layout: Layout, top: number, bottom: number): Markup => {
  const marks = ticks(scale, layout.font * 4);
  const label = (value: number): string => `${value} s`;
  const anchor = (value: number): string => {
    const half = textWidth(label(value), layout.font) / 2;
    if (scale.x(value) + half > layout.width) return 'end';
    return scale.x(value) - half < 0 ? 'start' : 'middle';
  };
  return markup`${marks.map((value) => markup`<line class="grid" x1="${scale.x(value)}" x2="${scale.x(value)}" y1="${top}" y2="${bottom}" />`)}<line
      class="axis"
      x1="${scale.left}"
      x2="${scale.right}"
      y1="${bottom}"
      y2="${bottom}"
    />${marks.map(
      (value) => markup`<text class="note" x="${scale.x(value)}" y="${bottom + layout.font + 5}" text-anchor="${anchor(value)}">${label(value)}</text>`,
    )}`;
};

/** A lane's name: in the gutter, or above the lane where there is no gutter. `middle` is the lane's vertical centre, `top` its upper edge. */
export const laneName = (name: string, layout: Layout, top: number, middle: number): Markup =>
  layout.gutter === 0
    ? markup`<text class="name" x="6" y="${top - 5}">${name}</text>`
    : markup`<text class="name" x="${layout.gutter - 12}" y="${middle + layout.font * 0.36}" text-anchor="end"
        >${fitted(name, layout.gutter - 16, layout.font)}</text
      >`;

/** Cut to what fits, with an ellipsis. */
export const fitted = (text: string, width: number, font: number): string => {
  if (textWidth(text, font) <= width) return text;
  const letters = Math.floor(width / (font * 0.61)) - 1;
  return letters < 3 ? '' : `${text.slice(0, letters)}…`;
};

/** Height that a lane's name takes above it. */
export const nameHeight = (layout: Layout): number => (layout.gutter === 0 ? layout.font + 7 : 0);

/** One drawing for one range of widths. */
export const picture = (layout: Layout, height: number, label: string, content: Markup): Markup =>
  markup`<svg class="picture ${layout.name}" viewBox="0 0 ${layout.width} ${height}" font-size="${layout.font}" role="img" aria-label="${label}">
    ${content}
  </svg>`;
