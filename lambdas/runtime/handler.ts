/** The frame of every function: what it was asked is checked, what it said is logged, and an error keeps its name for the state machine. */
import type { StepResult } from '../../lib/failover/steps/run';
import type { FailoverSettings } from '../../lib/failover/settings';
import { parseTask, InvalidInput, type TaskEvent } from './request';

export type Step = (task: TaskEvent) => Promise<StepResult>;

/** One line per call, as JSON: CloudWatch Logs finds fields in it. */
export const logLine = (entry: Readonly<Record<string, unknown>>): void => void process.stdout.write(`${JSON.stringify(entry)}\n`);

const toldOf = (error: unknown): Readonly<Record<string, unknown>> =>
  error instanceof Error ? { error: error.name, because: error.message } : { error: 'Error', because: String(error) };

/** @param steps what the function can be asked to do, by the step's name */
export const onSteps =
  (settings: FailoverSettings, steps: Readonly<Record<string, Step>>) =>
  async (event: unknown): Promise<StepResult> => {
    const began = performance.now();
    const log = (told: Readonly<Record<string, unknown>>, task?: TaskEvent): void =>
      logLine({
        environment: settings.environment,
        step: task?.step,
        attempt: task?.request.attempt,
        milliseconds: Math.round(performance.now() - began),
        ...told,
      });
    let task: TaskEvent | undefined;
    try {
      task = parseTask(event, settings);
      const step = steps[task.step];
      if (step === undefined) throw new InvalidInput(`step: given "${task.step}"; allowed: ${Object.keys(steps).join(', ')}`);
      const said = await step(task);
      log({ kind: said.kind, because: said.because, details: said.details }, task);
      return said;
    } catch (error) {
      log(toldOf(error), task);
      throw error;
    }
  };
