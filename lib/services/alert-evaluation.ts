/** Whether a simple alert would be pending now: for drills, which have no Prometheus and must not judge by another threshold than the one that is deployed. */
import { parser } from '@prometheus-io/lezer-promql';
import type { SyntaxNode } from '@lezer/common';
import { valuesOf } from './exposition';

const COMPARISONS: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  Gtr: (a, b) => a > b,
  Gte: (a, b) => a >= b,
  Lss: (a, b) => a < b,
  Lte: (a, b) => a <= b,
  Eql: (a, b) => a === b,
  Neq: (a, b) => a !== b,
};

const refusal = (expression: string): Error =>
  new Error(`given ${JSON.stringify(expression)}; allowed: <metric> or abs(<metric>), compared with a number: everything else is Prometheus' own`);

/** A metric of any label, plain or as a distance from zero. */
const measured = (expression: string, node: SyntaxNode): { readonly metric: string; readonly isAbsolute: boolean } => {
  const isAbsolute = node.name === 'FunctionCall' && node.getChild('FunctionIdentifier')?.getChild('Abs') != null;
  const selector = isAbsolute ? node.getChild('FunctionCallBody')?.getChild('VectorSelector') : node.name === 'VectorSelector' ? node : null;
  const name = selector?.getChild('Identifier');
  if (selector == null || name == null || selector.getChild('LabelMatchers') !== null) throw refusal(expression);
  return { metric: expression.slice(name.from, name.to), isAbsolute };
};

/**
 * @param expositions what each target serves now
 * @returns for each target, whether the expression holds there; a figure that is missing makes no alert
 * @throws Error when the expression is more than a figure compared with a number
 */
export const holdsAt = (expression: string, expositions: readonly string[]): readonly boolean[] => {
  const [left, operator, right] = childrenOf(parser.parse(expression).topNode.getChild('BinaryExpr'));
  const compare = COMPARISONS[operator?.name ?? ''];
  if (left === undefined || right === undefined || compare === undefined || right.name !== 'NumberDurationLiteral') throw refusal(expression);
  const { metric, isAbsolute } = measured(expression, left);
  const threshold = Number(expression.slice(right.from, right.to));
  return expositions.map((text) => valuesOf(text, metric).some((value) => compare(isAbsolute ? Math.abs(value) : value, threshold)));
};

const childrenOf = (node: SyntaxNode | null): readonly SyntaxNode[] => {
  const children: SyntaxNode[] = [];
  for (let child = node?.firstChild ?? null; child !== null; child = child.nextSibling) children.push(child);
  return children;
};
