/** Runs the functions of one region, each in processes of its own, inside that region's network: what they send is subject to what happens to the region. */
import { fork, type ChildProcess } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import { exitError, timeoutError, type FunctionDefinition, type Invocation, type InvocationResult, type LambdaError, type WorkerTask } from './functions';

/** Lambda keeps an instance for minutes; here its memory is worth more. */
const IDLE_MS = 45_000;
const CHECK_MS = 5_000;

interface Instance {
  readonly process: ChildProcess;
  readonly definition: string;
  usedAt: number;
}

export interface FunctionHostOptions {
  /** The bundled `function-worker`. */
  readonly worker: string;
  /** What every function gets beside its own variables. */
  readonly environment: Readonly<Record<string, string>>;
  /** The node program to run instances with. @default - the one that runs this */
  readonly execPath?: string;
  readonly log: (line: string) => void;
}

export class FunctionHost {
  private readonly idle: Instance[] = [];
  /** With the region of each. */
  private readonly all = new Map<ChildProcess, string>();
  private readonly sweep = setInterval(() => this.endIdle(), CHECK_MS);

  constructor(private readonly options: FunctionHostOptions) {
    this.sweep.unref();
  }

  /** @returns always: what goes wrong in a function is its result */
  async invoke(invocation: Invocation): Promise<InvocationResult> {
    const { fault, requestId, definition } = invocation;
    const started = Date.now();
    if (fault?.when === 'before') return this.failure(invocation, exitError(requestId, 'killed before the handler ran (injected)'));
    const result = await this.run(invocation);
    const end = fault?.when === 'after' ? this.failure(invocation, exitError(requestId, 'killed before the answer was sent (injected)')) : result;
    this.options.log(`${definition.name} ${requestId} ${end.failed ? `failed: ${end.payload}` : 'ok'} ${Date.now() - started} ms`);
    return end;
  }

  private run(invocation: Invocation): Promise<InvocationResult> {
    const { definition, requestId, payload, fault } = invocation;
    const instance = this.take(definition);
    const child = instance.process;
    const task: WorkerTask = {
      requestId,
      payload,
      bundle: definition.bundle,
      handler: definition.handler,
      functionName: definition.name,
      deadline: Date.now() + definition.timeoutSeconds * 1000,
    };
    return new Promise((resolve) => {
      const timers = [setTimeout(() => end(timeoutError(requestId, definition.timeoutSeconds)), definition.timeoutSeconds * 1000)];
      if (fault?.when === 'during') timers.push(setTimeout(() => end(exitError(requestId, 'signal: killed (injected)')), fault.afterMs));
      const settle = (result: InvocationResult): void => {
        timers.forEach(clearTimeout);
        child.removeAllListeners('message').removeAllListeners('exit').removeAllListeners('error');
        child.on('error', () => undefined); // of an instance that nobody uses: `exit` removes it
        child.on('exit', () => this.forget(instance));
        resolve(result);
      };
      const end = (error: LambdaError): void => {
        child.kill('SIGKILL');
        this.all.delete(child);
        settle(this.failure(invocation, error));
      };
      child.on('message', (result: InvocationResult) => {
        settle(result);
        instance.usedAt = Date.now();
        this.idle.push(instance);
      });
      child.on('exit', (code, signal) => end(exitError(requestId, signal === null ? `exit status ${code ?? 'unknown'}` : `signal: ${signal}`)));
      child.on('error', (error) => end(exitError(requestId, error.message)));
      child.send(task);
    });
  }

  private failure({ definition }: Invocation, error: LambdaError): InvocationResult {
    this.options.log(`${definition.name}: ${error.errorMessage}`);
    return { payload: JSON.stringify(error), failed: true };
  }

  private take(definition: FunctionDefinition): Instance {
    const key = JSON.stringify(definition);
    const at = this.idle.findLastIndex((instance) => instance.definition === key && instance.process.connected);
    const [found] = at === -1 ? [] : this.idle.splice(at, 1);
    if (found !== undefined) return found;
    const child = fork(this.options.worker, [], {
      env: {
        PATH: process.env['PATH'] ?? '',
        ...this.options.environment,
        ...definition.environment,
        AWS_REGION: definition.region,
        AWS_DEFAULT_REGION: definition.region,
        AWS_LAMBDA_FUNCTION_NAME: definition.name,
      },
      execArgv: ['--max-old-space-size=96'],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      ...(this.options.execPath === undefined ? {} : { execPath: this.options.execPath }),
    });
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (text: Buffer) => this.options.log(`${definition.name} | ${text.toString('utf8').trimEnd()}`));
    this.all.set(child, definition.region);
    return { process: child, definition: key, usedAt: Date.now() };
  }

  private forget(instance: Instance): void {
    this.all.delete(instance.process);
    const at = this.idle.indexOf(instance);
    if (at !== -1) this.idle.splice(at, 1);
  }

  private endIdle(): void {
    for (const instance of this.idle.filter(({ usedAt }) => Date.now() - usedAt > IDLE_MS)) {
      this.forget(instance);
      instance.process.kill('SIGKILL');
    }
  }

  /** As if the machines that ran them were gone. */
  killRegion(region: string): void {
    for (const [child, of] of this.all) if (of === region) child.kill('SIGKILL');
  }

  close(): void {
    clearInterval(this.sweep);
    for (const child of this.all.keys()) child.kill('SIGKILL');
  }
}

/** Serves invocations on a unix socket. */
export const serveFunctions = (host: FunctionHost, socket: string): Promise<Server> => {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      void host.invoke(JSON.parse(Buffer.concat(chunks).toString('utf8')) as Invocation).then((result) => response.end(JSON.stringify(result)));
    });
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(socket, () => resolve(server));
  });
};
