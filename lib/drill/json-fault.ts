/** Where a text stops being JSON. `JSON.parse` of Node 20 says what, but seldom where, and quotes the text instead. */

const TOKEN =
  /[\s]*(?:(?<mark>[{}[\],:])|(?<string>"(?:[ !#-[\]-\u{10ffff}]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*")|(?<literal>-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null))/uy;

interface Token {
  /** `{ } [ ] , :`, or `value` for a number, true, false, null, or `string`. */
  readonly kind: string;
  readonly at: number;
}

/** The tokens until the first character that begins none. */
const tokens = (text: string): { readonly list: readonly Token[]; readonly stoppedAt: number } => {
  const list: Token[] = [];
  const token = new RegExp(TOKEN);
  for (;;) {
    const from = token.lastIndex;
    const match = token.exec(text);
    if (!match) return { list, stoppedAt: from + (/^\s*/.exec(text.slice(from))?.[0].length ?? 0) };
    const { mark, string, literal } = match.groups ?? {};
    list.push({ kind: mark ?? (string === undefined ? 'value' : 'string'), at: token.lastIndex - (mark ?? string ?? literal ?? '').length });
  }
};

type Expecting = 'value' | 'value-or-end' | 'key' | 'key-or-end' | 'colon' | 'comma-or-end' | 'nothing';

const AFTER: Readonly<Record<Expecting, Readonly<Record<string, Expecting | 'open' | 'close'>>>> = {
  value: { '{': 'open', '[': 'open', value: 'comma-or-end', string: 'comma-or-end' },
  'value-or-end': { '{': 'open', '[': 'open', value: 'comma-or-end', string: 'comma-or-end', ']': 'close' },
  key: { string: 'colon' },
  'key-or-end': { string: 'colon', '}': 'close' },
  colon: { ':': 'value' },
  'comma-or-end': { ',': 'value', '}': 'close', ']': 'close' },
  nothing: {},
};

/** Offset of the first token that does not belong where it stands; the text's (trimmed) length if it ends too early; null if nothing is wrong. */
export const jsonFaultAt = (text: string): number | null => {
  const { list, stoppedAt } = tokens(text);
  const open: string[] = [];
  let expecting: Expecting = 'value';
  for (const { kind, at } of list) {
    const next: Expecting | 'open' | 'close' | undefined = AFTER[expecting][kind];
    if (next === undefined) return at;
    if (next === 'open') {
      open.push(kind === '{' ? '}' : ']');
      expecting = kind === '{' ? 'key-or-end' : 'value-or-end';
    } else if (next === 'close') {
      if (open.pop() !== kind) return at;
      expecting = 'comma-or-end';
    } else expecting = kind === ',' && open[open.length - 1] === '}' ? 'key' : next;
    if (expecting === 'comma-or-end' && open.length === 0) expecting = 'nothing';
  }
  const unread = stoppedAt < text.trimEnd().length;
  return unread || expecting !== 'nothing' ? stoppedAt : null;
};

/** `line 3, column 7`, both counted from 1. */
export const positionOf = (text: string, offset: number): string => {
  const before = text.slice(0, offset).split('\n');
  return `line ${before.length}, column ${(before[before.length - 1] ?? '').length + 1}`;
};

/** What is wrong with a text that `JSON.parse` refuses, and where. */
export const describeJsonFault = (text: string): string => {
  if (text.trim() === '') return 'the file is empty';
  const at = jsonFaultAt(text);
  if (at === null) return 'not JSON';
  const endsEarly = at >= text.trimEnd().length || /^"(?:[^"\\\n]|\\.)*\\?$/.test(text.slice(at));
  return endsEarly
    ? `not JSON: the file ends too early, at ${positionOf(text, text.length)}`
    : `not JSON: unexpected ${printable(text.slice(at))} at ${positionOf(text, at)}`;
};

/** The beginning of what stands there: a word, or one character; by its code where it can't be printed. */
const printable = (text: string): string => {
  if (text.startsWith('"')) return 'text (it does not end as a text must)';
  const word = /^[\w.+-]{1,20}/u.exec(text)?.[0] ?? String.fromCodePoint(text.codePointAt(0) ?? 0);
  return /^[\p{L}\p{N}\p{P}\p{S}]+$/u.test(word) ? `"${word}"` : `character U+${(word.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
};
