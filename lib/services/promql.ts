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

const labelsOf = (expression: string, selector: SyntaxNode): Readonly<Record<string, string>> => {
  const matchers = selector.getChild('LabelMatchers')?.getChildren('UnquotedLabelMatcher') ?? [];
  const pairs = matchers.flatMap((matcher) => {
    const [name, value] = [matcher.getChild('LabelName'), matcher.getChild('StringLiteral')];
    const isEqual = matcher.getChild('MatchOp')?.getChild('EqlSingle') ?? null;
    return name === null || value === null || isEqual === null ? [] : [[textOf(expression, name), unquoted(textOf(expression, value))] as const];
  });
  return Object.fromEntries(pairs);
};

/** @returns the series of every selector in it, in their order; of a selector without a name: nothing */
export const seriesAskedBy = (expression: string): readonly AskedSeries[] =>
  nodesNamed(parser.parse(expression), 'VectorSelector').flatMap((selector) => {
    const { __name__: named, ...labels } = labelsOf(expression, selector);
    const identifier = selector.getChild('Identifier');
    const metric = identifier === null ? named : textOf(expression, identifier);
    return metric === undefined ? [] : [{ metric, labels }];
  });
