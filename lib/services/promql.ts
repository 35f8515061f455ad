/** PromQL as Prometheus itself reads it (its own editor's grammar): where an expression is wrong, and which series it asks for. */
import { parser } from '@prometheus-io/lezer-promql';
import type { SyntaxNode, Tree } from '@lezer/common';

/** Series that an expression asks for: a metric, and the labels that it names with a value. */
export interface AskedSeries {
  readonly metric: string;
  readonly labels: Readonly<Record<string, string>>;
}

const textOf = (expression: string, { from, to }: Pick<SyntaxNode, 'from' | 'to'>): string => expression.slice(from, to);

const nodesNamed = (tree: Tree, ...names: readonly string[]): readonly SyntaxNode[] => {
  const found: SyntaxNode[] = [];
  tree.iterate({ enter: ({ name, node }) => void (names.includes(name) && found.push(node)) });
  return found;
};

/** @returns what is wrong with it, with its place, or null: it parses */
export const promqlProblem = (expression: string): string | null => {
  if (expression.trim() === '') return 'it is empty';
  let wrong: SyntaxNode | undefined;
  parser.parse(expression).iterate({ enter: ({ type, node }) => void (type.isError && (wrong ??= node)) });
  if (wrong === undefined) return null;
  const rest = expression.slice(wrong.from, wrong.from + 20);
  return `at character ${wrong.from + 1}, ${rest === '' ? 'where it ends' : `before ${JSON.stringify(rest)}`}`;
};

/** `"a"`, `'a'` or `` `a` ``, as labels are written here: without escapes. */
const unquoted = (literal: string): string => literal.slice(1, -1);

interface Matcher {
  readonly label: string;
  /** `=`, `!=`, `=~` or `!~`. */
  readonly operator: string;
  readonly value: string;
}

/** What a part of an expression selects: all series of a metric that these match. */
export interface Selector {
  /** undefined: it names none. */
  readonly metric: string | undefined;
  readonly matchers: readonly Matcher[];
}

const matchersOf = (expression: string, selector: SyntaxNode): readonly Matcher[] =>
  (selector.getChild('LabelMatchers')?.getChildren('UnquotedLabelMatcher') ?? []).flatMap((matcher) => {
    const [label, operator, value] = [matcher.getChild('LabelName'), matcher.getChild('MatchOp'), matcher.getChild('StringLiteral')];
    if (label === null || operator === null || value === null) return [];
    return [{ label: textOf(expression, label), operator: textOf(expression, operator), value: unquoted(textOf(expression, value)) }];
  });

export const selectorsOf = (expression: string): readonly Selector[] =>
  nodesNamed(parser.parse(expression), 'VectorSelector').map((node) => {
    const matchers = matchersOf(expression, node);
    const identifier = node.getChild('Identifier');
    const named = matchers.find(({ label, operator }) => label === '__name__' && operator === '=')?.value;
    return { metric: identifier === null ? named : textOf(expression, identifier), matchers: matchers.filter(({ label }) => label !== '__name__') };
  });

/** @returns the series of every selector in it, in their order; of a selector without a name: nothing */
export const seriesAskedBy = (expression: string): readonly AskedSeries[] =>
  selectorsOf(expression).flatMap(({ metric, matchers }) => {
    const exact = matchers.filter(({ operator }) => operator === '=').map(({ label, value }) => [label, value] as const);
    return metric === undefined ? [] : [{ metric, labels: Object.fromEntries(exact) }];
  });
