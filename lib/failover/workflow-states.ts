/** The words of the states language (JSONPath) that the workflows use. https://docs.aws.amazon.com/step-functions/latest/dg/concepts-amazon-states-language.html */

export interface Retry {
  readonly ErrorEquals: readonly string[];
  readonly IntervalSeconds?: number;
  readonly MaxAttempts: number;
  readonly BackoffRate?: number;
  readonly MaxDelaySeconds?: number;
}

export interface Catch {
  readonly ErrorEquals: readonly string[];
  readonly ResultPath: string;
  readonly Next: string;
}

interface Flow {
  readonly Next?: string;
  readonly End?: true;
}

export interface TaskState extends Flow {
  readonly Type: 'Task';
  readonly Comment: string;
  readonly Resource: string;
  readonly Parameters: Readonly<Record<string, unknown>>;
  readonly ResultSelector: Readonly<Record<string, unknown>>;
  readonly ResultPath: string;
  readonly TimeoutSeconds: number;
  readonly Retry: readonly Retry[];
  readonly Catch?: readonly Catch[];
}

export interface ChoiceRule {
  readonly Variable: string;
  readonly StringEquals: string;
  readonly Next: string;
}

export interface ChoiceState {
  readonly Type: 'Choice';
  readonly Choices: readonly ChoiceRule[];
  readonly Default: string;
}

export type WaitState = Flow & { readonly Type: 'Wait' } & ({ readonly Seconds: number } | { readonly TimestampPath: string });

export interface ParallelState extends Flow {
  readonly Type: 'Parallel';
  readonly Branches: readonly States[];
  readonly ResultSelector: Readonly<Record<string, unknown>>;
  readonly ResultPath: string;
  readonly Retry?: readonly Retry[];
  readonly Catch: readonly Catch[];
}

export interface PassState extends Flow {
  readonly Type: 'Pass';
}

export interface SucceedState {
  readonly Type: 'Succeed';
}

export interface FailState {
  readonly Type: 'Fail';
  readonly Error: string;
  readonly Cause: string;
}

export type State = TaskState | ChoiceState | WaitState | ParallelState | PassState | SucceedState | FailState;

export interface States {
  readonly StartAt: string;
  readonly States: Readonly<Record<string, State>>;
}

/** A whole machine. */
export interface StateMachine extends States {
  readonly Comment: string;
  /** A run that has not ended by then never will. */
  readonly TimeoutSeconds: number;
}
