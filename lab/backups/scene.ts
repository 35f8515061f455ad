/** What the drills of backups have in common: a table, clients that write while something is done, and their history. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { historyOf, type History, type HistoryEvent } from '../../lib/drill/events';
import { asSuperuser } from '../database';
import { finalRows, prepareTables } from '../drill/data';
import type { ProcedureContext } from '../drill/procedures/procedure';
import { NotSteadyError } from '../drill/run';
import { sleep, until } from '../exec';
import { health } from '../health';
import { now } from '../meter/clock';
import { startClients, type Clients } from '../operations/clients';
import { steadyRegion } from '../operations/steady';
import { clientTls } from '../secrets';
import { failureOf, holdfast } from './command';
import { fillLedger, rowsFor } from './ledger';

const CLIENTS = 3;
const GIVE_UP_SECONDS = 5;
const STEADY_SECONDS = 3;
const AFTERWARDS_SECONDS = 3;
/** A routine run is quick; `--megabytes 1000` is what the objective is about. */
export const DEFAULT_MEGABYTES = 30;

export interface Scene {
  readonly context: ProcedureContext;
  readonly leader: string;
  readonly megabytes: number;
  /** Of the table. */
  readonly rows: number;
  readonly clients: Clients;
  readonly mark: (name: string) => void;
}

/** The table, and a backup that has it. */
const prepare = async (context: ProcedureContext, leader: string, megabytes: number): Promise<void> => {
  const { lab, progress } = context;
  await prepareTables(lab, leader);
  progress(`a table of ${megabytes} MB`);
  await asSuperuser(lab, leader, (client) => fillLedger(client, rowsFor(megabytes), lab.region.postgres.applicationRole));
  progress('a full backup');
  const failure = failureOf(await holdfast(context, ['backup', 'run']));
  if (failure !== null) throw new NotSteadyError(`the backup before the drill: ${failure}`);
};

export const timelineNow = async ({ lab, api, credentials }: ProcedureContext): Promise<number> =>
  Math.max(0, ...(await health(lab, api, clientTls(credentials))).members.map((m) => m.timeline ?? 0));

export const waitFor = async ({ signal }: ProcedureContext, seconds: number): Promise<void> => {
  for (const end = now() + seconds; now() < end;) {
    signal.throwIfAborted();
    await sleep(Math.min(0.2, Math.max(0.001, end - now())));
  }
};

/**
 * Runs `work` while clients write. @returns what it returned, and the history; the rows are read from whoever leads afterwards
 * @throws NotSteadyError when the lab is not fit for it
 */
export const onScene = async <T>(
  context: ProcedureContext,
  work: (scene: Scene) => Promise<T>,
): Promise<{ readonly result: T; readonly history: History; readonly scene: Scene }> => {
  const { lab, api, credentials, directory, megabytes = DEFAULT_MEGABYTES } = context;
  const { leader } = await steadyRegion(context);
  await prepare(context, leader, megabytes);
  const marks: HistoryEvent[] = [];
  const mark = (name: string): void => void marks.push({ t: now(), kind: 'mark', name });
  const clients = startClients(lab, api, credentials, { count: CLIENTS, giveUpSeconds: GIVE_UP_SECONDS });
  const scene: Scene = { context, leader, megabytes, rows: rowsFor(megabytes), clients, mark };
  let result: T;
  try {
    await until('every client is served', 20, () => Promise.resolve(clients.lastAcks.size === CLIENTS || undefined)).catch((error: unknown) => {
      throw new NotSteadyError('steady state not reached', { cause: error });
    });
    mark('steady');
    await waitFor(context, STEADY_SECONDS);
    result = await work(scene);
    mark('healedAt');
    await waitFor(context, AFTERWARDS_SECONDS);
    mark('end');
  } finally {
    await clients.stop();
  }
  const after = await steadyRegion(context);
  const history = historyOf([...clients.events, ...marks, ...(await finalRows(lab, after.leader, clients.names))]);
  await writeFile(join(directory, 'history.jsonl'), history.events.map((e) => `${JSON.stringify(e)}\n`).join(''));
  return { result, history, scene };
};

export interface HealthSeen {
  /** Nothing is to be complained of since; null: not yet. */
  readonly since: number | null;
  /** What was last to be complained of, and when. */
  readonly last: string;
}

/** Since when nothing has been to be complained of, asked again and again once it has begun: asking costs the lab's machine something. */
export const watchHealth = ({ lab, api, credentials }: ProcedureContext): { readonly begin: () => void; readonly stop: () => Promise<HealthSeen> } => {
  let since: number | null = null;
  let last = '';
  let stopping = false;
  let running: Promise<void> | undefined;
  const loop = async (): Promise<void> => {
    while (!stopping) {
      const asked = now();
      const found = await health(lab, api, clientTls(credentials)).then(
        ({ complaints }) => complaints.join('; '),
        (error: unknown) => String(error), // whoever can't be asked is not healthy
      );
      if (found !== '') last = found;
      since = found === '' ? (since ?? asked) : null;
      await sleep(0.5);
    }
  };
  return {
    begin: () => void (running ??= loop()),
    stop: async () => {
      stopping = true;
      await running;
      return { since, last };
    },
  };
};
