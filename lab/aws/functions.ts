/** What the front proxy and a region's function host say to each other. */

export interface FunctionDefinition {
  readonly name: string;
  readonly region: string;
  /** Path of the bundled handler, an ES module: the very file that is deployed. */
  readonly bundle: string;
  /** Name of the export. */
  readonly handler: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly timeoutSeconds: number;
}

/** Lambda's own failure, which a drill causes. */
export interface FunctionFault {
  readonly name: string;
  /** Of the function. */
  readonly function: string;
  /** `before` the handler runs; `during`: its process is killed after so long; `after` it has done its work, and before anybody hears of it. */
  readonly when: 'before' | 'during' | 'after';
  /** Of `during`. */
  readonly afterMs: number;
  /** How many invocations it strikes. */
  readonly times: number;
}

export interface Invocation {
  readonly requestId: string;
  readonly definition: FunctionDefinition;
  /** JSON text. */
  readonly payload: string;
  readonly fault?: Pick<FunctionFault, 'when' | 'afterMs'>;
}

/** As Lambda's Invoke answers. */
export interface InvocationResult {
  /** JSON text: the handler's result, or its error. */
  readonly payload: string;
  /** The handler threw, its process ended, or its time was up. */
  readonly failed: boolean;
}

/** From the host to a worker process. */
export interface WorkerTask {
  readonly requestId: string;
  readonly bundle: string;
  readonly handler: string;
  readonly payload: string;
  /** Milliseconds since the epoch. */
  readonly deadline: number;
  readonly functionName: string;
}

export interface LambdaError {
  readonly errorType: string;
  readonly errorMessage: string;
  readonly trace?: readonly string[];
}

/** What Lambda says when the process of a function ends by itself. */
export const exitError = (requestId: string, how: string): LambdaError => ({
  errorType: 'Runtime.ExitError',
  errorMessage: `RequestId: ${requestId} Error: Runtime exited with error: ${how}`,
});

export const timeoutError = (requestId: string, seconds: number): LambdaError => ({
  errorType: 'Sandbox.Timedout',
  errorMessage: `RequestId: ${requestId} Error: Task timed out after ${seconds.toFixed(2)} seconds`,
});
