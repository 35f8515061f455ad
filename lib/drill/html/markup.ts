/** Markup in which every value is escaped unless it is markup itself: a client's name or an error message can't become part of the page. */

export class Markup {
  constructor(readonly text: string) {}
}

export type Part = string | number | Markup | null | readonly Part[];

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
export const escapeText = (text: string): string => text.replace(/[&<>"']/g, (c) => ESCAPES[c] ?? c);

/** Pictures are drawn in pixels: a tenth is enough. */
const written = (n: number): string => String(Math.round(n * 10) / 10);

const renderPart = (part: Part): string => {
  if (part === null) return '';
  if (typeof part === 'string') return escapeText(part);
  if (typeof part === 'number') return written(part);
  return part instanceof Markup ? part.text : part.map(renderPart).join('');
};

/** Template tag: `markup\`<b>${name}</b>\``. Numbers are rounded to tenths: figures for people are formatted before. */
export const markup = (strings: TemplateStringsArray, ...parts: readonly Part[]): Markup =>
  new Markup(strings.reduce((text, string, i) => `${text}${string}${i < parts.length ? renderPart(parts[i] ?? null) : ''}`, ''));

export const NOTHING = new Markup('');
