import { when, type Rule } from './rule';
import { workloadRule } from './workloads';

export const alertsAreReadable: Rule = workloadRule(
  'alerts-are-readable',
  'Each alert has a name of its own, a requirement, an expression with balanced brackets, and a sentence for who is woken up.',
  ({ alerts }, at, { workloads }) => {
    const names = workloads.flatMap((w) => w.alerts.map(({ name }) => name));
    return alerts.flatMap(({ name, expression, summary, requirements }, i) => [
      ...when(!/^[A-Z][A-Za-z0-9]+$/.test(name) || names.filter((other) => other === name).length > 1, () => ({
        path: at(`alerts[${i}].name`),
        given: JSON.stringify(name),
        allowed: 'upper camel case, each name once in the environment',
        fix: 'rename it, for example "QueueIsLong"',
      })),
      ...when(!isBalanced(expression) || expression.trim() === '', () => ({
        path: at(`alerts[${i}].expression`),
        given: JSON.stringify(expression),
        allowed: 'PromQL with balanced brackets and quotes',
        fix: 'try it in Prometheus, then copy it',
      })),
      ...when(summary.trim() === '' || requirements.length === 0, () => ({
        path: at(`alerts[${i}]`),
        given: `summary ${JSON.stringify(summary)}, ${requirements.length} requirements`,
        allowed: 'a sentence, and at least one requirement of the catalogue',
        fix: 'say what is wrong and what to do first',
      })),
    ]);
  },
);

const PAIRS: Readonly<Record<string, string>> = { ')': '(', ']': '[', '}': '{' };
const isBalanced = (expression: string): boolean => {
  const open: string[] = [];
  for (const character of expression.replaceAll(/"[^"]*"/g, '')) {
    if (Object.values(PAIRS).includes(character)) open.push(character);
    else if (character in PAIRS && open.pop() !== PAIRS[character]) return false;
    else if (character === '"') return false;
  }
  return open.length === 0;
};
