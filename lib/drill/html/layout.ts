/** A picture is drawn once per width, so that its text has the same size on a phone and on a screen. */
import { elementAt } from '../element';

export interface Layout {
  /** Name of the CSS class that shows this drawing at its widths only. */
  readonly name: 'phone' | 'tablet' | 'desktop';
  readonly width: number;
  /** Room for the lanes' names on the left; 0: names stand above their lanes. */
  readonly gutter: number;
  readonly right: number;
  /** Font size of everything in the picture. */
  readonly font: number;
}

export const LAYOUTS: readonly Layout[] = [
  { name: 'phone', width: 360, gutter: 0, right: 6, font: 11 },
  { name: 'tablet', width: 640, gutter: 132, right: 10, font: 11 },
  { name: 'desktop', width: 1080, gutter: 150, right: 12, font: 12 },
];

/** Width of a text, estimated on the wide side: fonts differ from machine to machine. */
export const textWidth = (text: string, font: number): number => text.length * font * 0.61;

export interface Scale {
  readonly x: (value: number) => number;
  readonly from: number;
  readonly to: number;
  readonly left: number;
  readonly right: number;
}

export const scaleOf = (from: number, to: number, layout: Layout): Scale => {
  const left = layout.gutter === 0 ? 6 : layout.gutter;
  const right = layout.width - layout.right;
  const perUnit = (right - left) / (to - from);
  return { x: (value) => left + (Math.min(Math.max(value, from), to) - from) * perUnit, from, to, left, right };
};

const STEPS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600];

/** Round values at least `room` pixels apart. */
export const ticks = (scale: Scale, room: number): readonly number[] => {
  const perUnit = (scale.right - scale.left) / (scale.to - scale.from);
  const step = STEPS.find((s) => s * perUnit >= room) ?? elementAt(STEPS, STEPS.length - 1);
  const first = Math.ceil(scale.from / step);
  const last = Math.floor(scale.to / step + 1e-9);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => Number(((first + i) * step).toFixed(6)));
};

export interface Flag {
  readonly x: number;
  readonly text: string;
}

export interface PlacedFlag extends Flag {
  /** 0 is the lowest row, next to the picture. */
  readonly row: number;
  /** Where the text stands: right of its pole, or left of it where the picture ends. */
  readonly anchor: 'start' | 'end';
}

const FLAG_PADDING = 8;
const highest = (flags: readonly PlacedFlag[]): number => Math.max(-1, ...flags.map((f) => f.row));

/** Flags that hang to the left: those that don't fit on the right, and then those whose text would cross the pole of one that does. */
const hanging = (flags: readonly Flag[], right: number, reach: (flag: Flag) => number): ReadonlySet<Flag> => {
  const left = new Set(flags.filter((f) => reach(f) > right));
  for (let before = -1; before !== left.size;) {
    before = left.size;
    for (const flag of flags) if ([...left].some((pole) => flag.x <= pole.x && pole.x < reach(flag))) left.add(flag);
  }
  return left;
};

/**
 * Flags on poles, none of whose texts covers another text or is crossed by another pole. From right to left, a flag flies above every flag whose pole stands in
 * its text; flags that hang to the left are put, from left to right, above everything that reaches into their text.
 */
export const placeFlags = (flags: readonly Flag[], right: number, font: number): readonly PlacedFlag[] => {
  const widthOf = (flag: Flag): number => textWidth(flag.text, font) + FLAG_PADDING;
  const reach = (flag: Flag): number => flag.x + widthOf(flag);
  const sorted = [...flags].sort((a, b) => a.x - b.x);
  const left = hanging(sorted, right, reach);
  const placed: PlacedFlag[] = [];
  for (const flag of sorted.filter((f) => !left.has(f)).reverse()) {
    placed.push({ ...flag, anchor: 'start', row: highest(placed.filter((p) => p.x < reach(flag))) + 1 });
  }
  for (const flag of sorted.filter((f) => left.has(f))) {
    const from = flag.x - widthOf(flag);
    const inTheWay = placed.filter((p) => p.x <= flag.x && (p.anchor === 'start' ? reach(p) : p.x) > from);
    placed.push({ ...flag, anchor: 'end', row: highest(inTheWay) + 1 });
  }
  return placed.sort((a, b) => a.x - b.x);
};
