/** One instance of one function, as Lambda runs it: a process that imports the bundle once and handles one event after the other. */
import { pathToFileURL } from 'node:url';
import type { InvocationResult, LambdaError, WorkerTask } from './functions';

type Handler = (event: unknown, context: Readonly<Record<string, unknown>>) => unknown;

const imported = new Map<string, Promise<Readonly<Record<string, unknown>>>>();

const handlerOf = async ({ bundle, handler }: WorkerTask): Promise<Handler> => {
  const module = imported.get(bundle) ?? (import(pathToFileURL(bundle).href) as Promise<Readonly<Record<string, unknown>>>);
  imported.set(bundle, module);
  const { [handler]: found } = await module;
  if (typeof found !== 'function') throw new Error(`${bundle} exports no function "${handler}"`);
  return found as Handler;
};

const contextOf = ({ requestId, deadline, functionName }: WorkerTask): Readonly<Record<string, unknown>> => ({
  awsRequestId: requestId,
  functionName,
  functionVersion: '$LATEST',
  getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
});

const errorOf = (error: unknown): LambdaError =>
  error instanceof Error
    ? { errorType: error.name, errorMessage: error.message, trace: (error.stack ?? '').split('\n') }
    : { errorType: 'Error', errorMessage: String(error) };

const carryOut = async (task: WorkerTask): Promise<InvocationResult> => {
  try {
    const handler = await handlerOf(task);
    const result = await handler(JSON.parse(task.payload), contextOf(task));
    // As Lambda: a handler that returns nothing answers null.
    return { payload: JSON.stringify(result ?? null), failed: false };
  } catch (error) {
    return { payload: JSON.stringify(errorOf(error)), failed: true };
  }
};

process.on('message', (task: WorkerTask) => {
  void carryOut(task).then((result) => process.send?.(result));
});
// The host is gone: nobody asks any more.
process.on('disconnect', () => process.exit(0));
