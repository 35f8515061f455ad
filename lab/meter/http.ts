/**
 * A user of the workload, from inside one node's network: several streams of requests at a bounded rate through the gateway, over TLS that is verified. What fails is
 * tried again, with the same idempotency key. One line per attempt: lib/drill/workloads/history.ts.
 */
import { HTTP_STREAMS, type HttpAttempt, type HttpStream } from '../../lib/drill/workloads/history';
import { now } from './clock';
import { configuration, emit, messageOf } from './emit';
import type { HttpMeterConfiguration } from './http-configuration';
import { Connection, Gateways, NotReachedError, type Answer } from './http-connection';
import { Tasks, type Task } from './http-streams';

/** Pause before the next attempt, as an application's retry has it, unless the answer asks for a longer one. */
const RETRY_SECONDS = 0.1;

const config = configuration() as HttpMeterConfiguration;
const gateways = new Gateways(config.gateways);
const tasks = new Tasks(config);
let stopping = false;
process.on('SIGTERM', () => (stopping = true));

const pause = (seconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, Math.max(0, seconds) * 1000));

type Result = Pick<HttpAttempt, 'outcome' | 'status' | 'release' | 'pod' | 'error'>;
interface Attempt {
  readonly result: Result;
  /** Seconds after which another attempt is worth it; null: never, what the client did wrong stays wrong. */
  readonly againAfter: number | null;
}

const judged = (answer: Answer, task: Task): Attempt => {
  const { status, release, pod, retryAfter } = answer;
  const wrong = task.check(answer);
  if (wrong === null) return { result: { outcome: 'ok', status, release, pod }, againAfter: null };
  const again = status >= 500 || (status === 429 && retryAfter !== null);
  return { result: { outcome: 'refused', status, release, pod, error: wrong }, againAfter: again ? Math.max(RETRY_SECONDS, retryAfter ?? 0) : null };
};

const attemptOnce = async (connection: Connection, gateway: string, task: Task): Promise<Attempt> => {
  try {
    return judged(await connection.ask(gateway, task.question, task.user), task);
  } catch (error) {
    if (error instanceof NotReachedError) gateways.shun(gateway);
    return { result: { outcome: 'error', status: null, release: null, pod: null, error: messageOf(error) }, againAfter: RETRY_SECONDS };
  }
};

const carryOut = async (connection: Connection, stream: HttpStream, id: number, task: Task): Promise<void> => {
  const began = now();
  for (let attempt = 1; ; attempt++) {
    const start = now();
    const gateway = gateways.nearest();
    const { result, againAfter } = await attemptOnce(connection, gateway, task);
    const final = againAfter === null || now() + againAfter - began > config.patienceSeconds;
    const key = task.key === undefined ? {} : { key: task.key };
    emit({ kind: 'http', t: now(), start, client: config.client, stream, id, attempt, final, gateway, ...key, ...result });
    if (final || stopping) return;
    await pause(againAfter);
  }
};

const runStream = async (stream: HttpStream): Promise<void> => {
  const connection = new Connection(config, stream !== 'fresh');
  const every = config.every[stream];
  // Streams and clients do not ask in the same moment.
  let due = now() + Math.random() * every;
  for (let id = 1; !stopping;) {
    await pause(due - now());
    const task = tasks.next(stream, id);
    if (task !== undefined) {
      await carryOut(connection, stream, id, task);
      id += 1;
    }
    // After an outage nobody makes up for what was missed.
    due = Math.max(due + every, now());
  }
  connection.close();
};

Promise.all(HTTP_STREAMS.map(runStream)).then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`http meter: ${messageOf(error)}\n`);
    process.exit(1);
  },
);
