/** Carries out the drills' state machines by the words that they use: JSONPath, intrinsic functions, Map, Parallel, calls of AWS' services. Waits take no time. */
import { createHash } from 'node:crypto';
import { TaskError } from '../cloud/interpreter';

export type Plain = Readonly<Record<string, unknown>>;
type State = Plain & {
  readonly Type: string;
  readonly Next?: string;
  readonly InputPath?: string;
  readonly OutputPath?: string;
  readonly ResultPath?: string | null;
  readonly Catch?: readonly Caught[];
};
interface Caught {
  readonly ErrorEquals: readonly string[];
  readonly ResultPath: string | null;
  readonly Next: string;
}
export interface Machine {
  readonly StartAt: string;
  readonly States: Readonly<Record<string, State>>;
}

export interface Doing {
  /** @param resource the ARN that a Task names. @throws TaskError */
  readonly call: (resource: string, parameters: Plain, state: string) => Promise<unknown>;
  /** The execution's name. */
  readonly name: string;
  readonly states?: string[];
}

const isPlain = (v: unknown): v is Plain => typeof v === 'object' && v !== null && !Array.isArray(v);

/** The one filter that the machines use: `$.A[?(@.B.C == 'x' || @.B.C == 'y')]`. */
const FILTER = /^(\$[\w.]*)\[\?\((.*)\)\]$/;
const CONDITION = /@((?:\.\w+)+) == '(\w+)'/g;

const at = (value: unknown, path: string): unknown => {
  const filter = FILTER.exec(path);
  if (filter !== null) {
    const wanted = [...(filter[2] ?? '').matchAll(CONDITION)];
    return (at(value, filter[1] ?? '$') as readonly unknown[]).filter((item) => wanted.some(([, field, text]) => at(item, `$${field ?? ''}`) === text));
  }
  return (path.slice(1).match(/\w+/g) ?? []).reduce<unknown>((found, key) => {
    const next = isPlain(found) || Array.isArray(found) ? (found as Plain)[key] : undefined;
    // As the service has it: a path that leads nowhere is an error, and not nothing.
    if (next === undefined) throw new TaskError('States.ParameterPathFailure', `${path} leads nowhere`);
    return next;
  }, value);
};

/** `States.Array`, `States.Hash` and `States.Format`, whose text may hold escaped braces. */
const computed = (text: string, state: unknown, context: Plain): unknown => {
  if (text.startsWith('$$')) return at(context, text.slice(1));
  if (text.startsWith('$')) return at(state, text);
  const [, name = '', inner = ''] = /^States\.(\w+)\((.*)\)$/s.exec(text) ?? [];
  const [, format = '', rest = ''] = /^'((?:[^'\\]|\\.)*)'(?:, )?(.*)$/s.exec(inner) ?? [];
  const values = (paths: string): readonly unknown[] => paths.split(', ').map((path) => computed(path, state, context));
  if (name === 'Array') return values(inner);
  if (name === 'Hash')
    return createHash('sha256')
      .update(String(values(inner.split(', ')[0] ?? '')[0]))
      .digest('hex');
  if (name !== 'Format') throw new Error(`no function States.${name}`);
  const left = [...values(rest)];
  return format.replace(/\\([{}\\'])|\{\}/g, (_, escaped: string | undefined) => escaped ?? String(left.shift()));
};

const filled = (template: unknown, state: unknown, context: Plain): unknown => {
  if (Array.isArray(template)) return template.map((part) => filled(part, state, context));
  if (!isPlain(template)) return template;
  return Object.fromEntries(
    Object.entries(template).map(([key, value]) =>
      key.endsWith('.$') ? [key.slice(0, -2), computed(String(value), state, context)] : [key, filled(value, state, context)],
    ),
  );
};

const placed = (state: unknown, path: string | null | undefined, value: unknown): unknown => {
  if (path === undefined || path === '$') return value;
  return path === null ? state : { ...(state as Plain), [path.slice(2)]: value };
};

interface Rule {
  readonly Variable: string;
  readonly StringEquals: string;
  readonly Next: string;
  readonly Or?: readonly Rule[];
}
const holds = (rule: Rule, state: unknown): boolean => rule.Or?.some((one) => holds(one, state)) ?? at(state, rule.Variable) === rule.StringEquals;

export const execute = async (machine: Machine, input: unknown, doing: Doing): Promise<unknown> => {
  let [name, state]: [string, unknown] = [machine.StartAt, input];
  for (;;) {
    const current = machine.States[name];
    if (current === undefined) throw new Error(`there is no state ${name}`);
    doing.states?.push(name);
    if (current.Type === 'Choice') {
      const chosen = (current['Choices'] as readonly Rule[]).find((rule) => holds(rule, state));
      name = chosen?.Next ?? String(current['Default']);
      continue;
    }
    let next = current.Next;
    try {
      state = await step(name, current, state, doing);
    } catch (error) {
      const caught = current.Catch?.find(({ ErrorEquals: names }) => names.includes('States.ALL') || names.includes((error as Error).name));
      if (!(error instanceof TaskError) || caught === undefined) throw error;
      state = placed(state, caught.ResultPath, { Error: error.errorType, Cause: error.message });
      next = caught.Next;
    }
    if (next === undefined) return state;
    name = next;
  }
};

const step = async (name: string, current: State, state: unknown, doing: Doing): Promise<unknown> => {
  const context = { Execution: { Name: doing.name } };
  const given = current.InputPath === undefined ? state : at(state, current.InputPath);
  const done = async (): Promise<unknown> => {
    switch (current.Type) {
      case 'Wait':
      case 'Succeed':
        return given;
      case 'Pass':
        return current['Result'] ?? (current['Parameters'] === undefined ? given : filled(current['Parameters'], given, context));
      case 'Task':
        return doing.call(String(current['Resource']), filled(current['Parameters'], given, context) as Plain, name);
      case 'Parallel':
        return Promise.all((current['Branches'] as readonly Machine[]).map((branch) => execute(branch, given, doing)));
      case 'Map':
        return Promise.all(
          (at(given, String(current['ItemsPath'])) as readonly unknown[]).map((Value) =>
            execute(current['ItemProcessor'] as Machine, filled(current['ItemSelector'], given, { ...context, Map: { Item: { Value } } }), doing),
          ),
        );
      default:
        throw new Error(`no state of type ${current.Type}`);
    }
  };
  const result = await done();
  const selected = current['ResultSelector'] === undefined ? result : filled(current['ResultSelector'], result, context);
  const after = placed(state, current.ResultPath, selected);
  return current.OutputPath === undefined ? after : at(after, current.OutputPath);
};
