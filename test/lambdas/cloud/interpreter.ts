/** Carries out a state machine by the words that ours use (lib/failover/workflow-states.ts), with waits cut short: what is tested is the machine that is deployed. */
import type { Catch, Retry, State, StateMachine, States, TaskState } from '../../../lib/failover/workflow-states';

type Plain = Readonly<Record<string, unknown>>;

/** What a function has thrown, by name. */
export class TaskError extends Error {
  constructor(
    readonly errorType: string,
    message: string,
  ) {
    super(message);
    this.name = errorType;
  }
}

export interface Execution {
  readonly name: string;
  readonly input: Plain;
  /** Calls the function that a placeholder stands for. @throws TaskError */
  readonly call: (placeholder: string, payload: Plain) => Promise<unknown>;
  /** Before a state is entered. */
  readonly entering?: (state: string) => Promise<void>;
  /** Milliseconds for what the machine calls a second. */
  readonly second?: number;
}

export interface Ended {
  readonly status: 'SUCCEEDED' | 'FAILED';
  readonly error: string | undefined;
  readonly states: readonly string[];
  readonly output: Plain;
}

const PATH = /[^.[\]]+/g;
const lookUp = (value: unknown, path: string): unknown =>
  (path.slice(1).match(PATH) ?? []).reduce<unknown>((at, key) => (typeof at === 'object' && at !== null ? (at as Plain)[key] : undefined), value);

interface Scope {
  readonly state: unknown;
  readonly context: Plain;
}

/** `"key.$": "$.path"` is replaced; everything else is as it is written. */
const filled = (template: unknown, scope: Scope): unknown => {
  if (Array.isArray(template)) return template.map((part) => filled(part, scope));
  if (typeof template !== 'object' || template === null) return template;
  return Object.fromEntries(
    Object.entries(template).map(([key, value]) => {
      if (!key.endsWith('.$')) return [key, filled(value, scope)];
      const path = String(value);
      return [key.slice(0, -2), path.startsWith('$$') ? lookUp(scope.context, path.slice(1)) : lookUp(scope.state, path)];
    }),
  );
};

const placed = (state: Plain, path: string, value: unknown): Plain => ({ ...state, [path.slice(2)]: value });
const matches = ({ ErrorEquals: names }: Retry | Catch, name: string): boolean => names.includes(name) || names.includes('States.ALL');
const nameOf = (error: unknown): string => (error instanceof TaskError ? error.errorType : 'Runtime.Unknown');
/** As Step Functions has it for a function: the cause is JSON. */
const shown = (error: unknown): Plain => ({
  Error: nameOf(error),
  Cause: JSON.stringify({ errorType: nameOf(error), errorMessage: error instanceof Error ? error.message : String(error) }),
});

export class Interpreter {
  private readonly states: string[] = [];
  private readonly began = new Date().toISOString();
  constructor(private readonly execution: Execution) {}

  async run(machine: StateMachine): Promise<Ended> {
    try {
      const output = await this.through(machine, this.execution.input);
      return { status: 'SUCCEEDED', error: undefined, states: this.states, output };
    } catch (error) {
      if (!(error instanceof TaskError)) throw error;
      return { status: 'FAILED', error: error.errorType, states: this.states, output: {} };
    }
  }

  private async through({ StartAt, States: all }: States, input: Plain): Promise<Plain> {
    let [name, state]: [string, Plain] = [StartAt, input];
    for (;;) {
      const current = all[name];
      if (current === undefined) throw new Error(`there is no state ${name}`);
      this.states.push(name);
      await this.execution.entering?.(name);
      const [after, next] = await this.step(current, state);
      if (next === undefined) return after;
      [name, state] = [next, after];
    }
  }

  private async step(current: State, state: Plain): Promise<readonly [Plain, string | undefined]> {
    switch (current.Type) {
      case 'Succeed':
        return [state, undefined];
      case 'Fail':
        throw new TaskError(current.Error, current.Cause);
      case 'Pass':
        return [state, current.Next];
      case 'Wait':
        await this.pause('Seconds' in current ? current.Seconds : 0);
        return [state, current.Next];
      case 'Choice':
        return [state, current.Choices.find((rule) => lookUp(state, rule.Variable) === rule.StringEquals)?.Next ?? current.Default];
      case 'Task':
        return this.caught(current.Catch ?? [], state, async () => {
          const result = { Payload: await this.task(current, state) };
          return [placed(state, current.ResultPath, filled(current.ResultSelector, { state: result, context: {} })), current.Next];
        });
      case 'Parallel':
        return this.caught(current.Catch, state, async () => {
          const results = await Promise.all(current.Branches.map((branch) => this.through(branch, state)));
          return [placed(state, current.ResultPath, filled(current.ResultSelector, { state: results, context: {} })), current.Next];
        });
    }
  }

  private async caught(
    catches: readonly Catch[],
    state: Plain,
    work: () => Promise<readonly [Plain, string | undefined]>,
  ): Promise<readonly [Plain, string | undefined]> {
    try {
      return await work();
    } catch (error) {
      const found = catches.find((c) => matches(c, nameOf(error)));
      if (found === undefined) throw error;
      return [placed(state, found.ResultPath, shown(error)), found.Next];
    }
  }

  private async task({ Parameters, Retry: retries }: TaskState, state: Plain): Promise<unknown> {
    const left = retries.map(({ MaxAttempts }) => MaxAttempts);
    for (;;) {
      const context = { Execution: { Name: this.execution.name, StartTime: this.began }, State: { EnteredTime: new Date().toISOString() } };
      const { FunctionName: placeholder, Payload: payload } = filled(Parameters, { state, context }) as { FunctionName: string; Payload: Plain };
      try {
        return await this.execution.call(placeholder, payload);
      } catch (error) {
        const which = retries.findIndex((retry) => matches(retry, nameOf(error)));
        if (which === -1 || (left[which] ?? 0) <= 0) throw error;
        left[which] = (left[which] ?? 0) - 1;
        await this.pause(retries[which]?.IntervalSeconds ?? 1);
      }
    }
  }

  private pause(seconds: number): Promise<void> {
    return new Promise((done) => setTimeout(done, seconds * (this.execution.second ?? 5)));
  }
}
