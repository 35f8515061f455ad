/** How drills speak with the outside: a unix socket, which no fault of a network cuts. */
import { request, createServer, type Server } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { parseFault, type AwsFault } from '../aws/faults';
import type { FunctionFault } from '../aws/functions';
import type { Person } from '../aws/people';

/** What is asked of it; answers are JSON. */
export interface OutsideControl {
  /** Replaces a fault of the same name. */
  addFault(fault: AwsFault): void;
  addFunctionFault(fault: FunctionFault): void;
  /** Regions whose schedules stand still; replaces the list. */
  stopSchedules(regions: readonly string[]): void;
  heal(): void;
  state(): unknown;
  /** What the name servers answer a client now. */
  answer(name: string, client: string): unknown;
  /** A user of the account, with a key of his own, that anything may be signed with. */
  person(name: string): Promise<Person>;
  /** An operation of the emulator, past all faults. */
  call(call: EmulatedCall): Promise<unknown>;
}

export interface EmulatedCall {
  readonly api: 'DynamoDB' | 'StepFunctions' | 'SecretsManager';
  readonly region: string;
  readonly operation: string;
  readonly input: unknown;
}

type Route = (control: OutsideControl, body: unknown) => unknown;

const ROUTES: Readonly<Record<string, Route>> = {
  '/fault': (control, body) => control.addFault(parseFault(body)),
  '/function-fault': (control, body) => control.addFunctionFault(body as FunctionFault),
  '/stop-schedules': (control, body) => control.stopSchedules(body as readonly string[]),
  '/heal': (control) => control.heal(),
  '/state': (control) => control.state(),
  '/answer': (control, body) => {
    const { name, client } = body as { readonly name: string; readonly client: string };
    return control.answer(name, client);
  },
  '/person': (control, body) => control.person(String(body)),
  '/call': (control, body) => control.call(body as EmulatedCall),
};

/** @throws Error (rejects) when the socket can't be made */
export const serveControl = (control: OutsideControl, socket: string): Promise<Server> => {
  const server = createServer((incoming, response) => {
    const route = ROUTES[incoming.url ?? ''];
    const carryOut = async (): Promise<void> => {
      const text = (await buffer(incoming)).toString('utf8');
      if (route === undefined) return void response.writeHead(404).end(`not found: ${Object.keys(ROUTES).join(', ')}`);
      const answer = await route(control, text === '' ? undefined : JSON.parse(text));
      response.end(JSON.stringify(answer ?? null));
    };
    carryOut().catch((error: unknown) => response.writeHead(400).end(error instanceof Error ? error.message : String(error)));
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(socket, () => resolve(server));
  });
};

/** @throws Error with what the outside says against it, or when there is none */
export const askOutside = (socketPath: string, path: string, body?: unknown): Promise<unknown> =>
  new Promise((resolve, reject) => {
    const outgoing = request({ socketPath, path, method: 'POST', timeout: 20_000 }, (answer) => {
      buffer(answer).then((bytes) => {
        const text = bytes.toString('utf8');
        if (answer.statusCode === 200) resolve(JSON.parse(text) as unknown);
        else reject(new Error(`${path}: ${text}`));
      }, reject);
    });
    outgoing.on('timeout', () => outgoing.destroy(new Error(`${path}: the outside does not answer`)));
    outgoing.on('error', reject);
    outgoing.end(body === undefined ? '' : JSON.stringify(body));
  });
