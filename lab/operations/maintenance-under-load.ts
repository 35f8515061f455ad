/** The drill maintenance-under-load: every task of the lab runs while clients write; the one that moves rows is killed at work and goes on by itself. */
import { withoutFailover } from './expectation';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { historyOf, type HistoryEvent } from '../../lib/drill/events';
import { idSetOf, type IdSet } from '../../lib/drill/id-set';
import { judgeMaintenance } from '../../lib/drill/operations/maintenance';
import type { ProcedureOutcome } from '../../lib/drill/procedure-run';
import { maintenanceTasks, retentionTaskName } from '../../lib/topology/maintenance';
import { asSuperuser } from '../database';
import { finalRows, prepareTables } from '../drill/data';
import type { ProcedureContext } from '../drill/procedures/procedure';
import { NotSteadyError } from '../drill/run';
import { sleep, until } from '../exec';
import { addressesOf, podsOf } from '../health';
import { processesIn } from '../hosts/cgroups';
import { commandOf } from '../hosts/processes-in-pods';
import { now } from '../meter/clock';
import { startClients, poolerClient } from './clients';
import { awaitJob, jobLog, jobPods, removeJob, startMaintenanceJob } from './maintenance-job';
import { AMOUNTS, archivedRows, FIRST_ADDED, prepareMaintenanceTables, RECEIPTS, ROWS_OF_RECEIPTS, rowsInBoth, tableFound } from './maintenance-data';
import { steadyRegion } from './steady';

const CLIENTS = 3;
const STEADY_SECONDS = 2;
/** The application renews a due receipt, and adds one, this often. */
const WORK_EVERY = 0.05;
const TASK_WITHIN_SECONDS = 180;

interface Application {
  readonly renewed: () => IdSet;
  readonly added: () => IdSet;
  readonly stop: () => Promise<void>;
}

/** What an application does with its receipts meanwhile: makes some that are due younger, and adds new ones. What was confirmed counts. */
const startApplication = async ({ lab, api, credentials }: ProcedureContext): Promise<Application> => {
  const [host] = addressesOf(await podsOf(api, 'pgbouncer'));
  if (host === undefined) throw new NotSteadyError('no pooler has an address');
  const client = poolerClient(lab, credentials, host, 10);
  await client.connect();
  const [renewed, added]: [number[], number[]] = [[], []];
  const due = AMOUNTS[RECEIPTS]?.due ?? 0;
  let stopping = false;
  const work = async (): Promise<void> => {
    for (let i = 1; !stopping; i++) {
      // From the youngest of those that are due, which the task comes to last.
      const id = i * 97;
      if (id <= due) {
        const { rowCount } = await client.query(`UPDATE ${RECEIPTS} SET submitted_at = now() WHERE id = $1`, [id]);
        if (rowCount === 1) renewed.push(id);
      }
      await client.query(`INSERT INTO ${RECEIPTS} (id, submitted_at, body) VALUES ($1, now(), md5($1::bigint::text))`, [FIRST_ADDED + i]);
      added.push(FIRST_ADDED + i);
      await sleep(WORK_EVERY);
    }
  };
  const working = work().finally(() => client.end());
  return {
    renewed: () => idSetOf(renewed),
    added: () => idSetOf(added),
    stop: () => {
      stopping = true;
      return working;
    },
  };
};

/** The task's process, wherever its pod was placed. */
const taskProcess = async ({ lab }: ProcedureContext): Promise<number | undefined> => {
  const found = await Promise.all(lab.nodes.map(async ({ cgroup }) => (await processesIn(cgroup)).find((pid) => commandOf(pid).includes('maintenance.js'))));
  return found.find((pid) => pid !== undefined);
};

interface Killed {
  /** Null: the task had ended before. */
  readonly missing: number | null;
  readonly archived: number;
}

/** SIGKILL in the midst of the work; then a look at the two tables. */
const killAtWork = async (context: ProcedureContext, leader: string): Promise<Killed> => {
  const { lab, progress } = context;
  return asSuperuser(lab, leader, async (client) => {
    await until('the task has begun', TASK_WITHIN_SECONDS, async () => ((await archivedRows(client)) > 0 ? true : undefined), 0.05);
    const pid = await taskProcess(context);
    if (pid !== undefined) process.kill(pid, 'SIGKILL');
    const archived = await archivedRows(client);
    progress(`killed with ${archived} rows moved`);
    const atWork = pid !== undefined && archived < (AMOUNTS[RECEIPTS]?.due ?? 0) / 2;
    return { archived, missing: atWork ? ROWS_OF_RECEIPTS - (await rowsInBoth(client)) : null };
  });
};

const jobName = (task: string, seed: number): string => `drill-${task}-${seed}-${Date.now().toString(36)}`;

interface TaskEnd {
  readonly task: string;
  readonly failure: string | null;
  readonly pods: number;
  readonly vacuumed: number;
}

const runTask = async (
  { api, seed, signal }: ProcedureContext,
  task: string,
  whileRunning: () => Promise<void> = () => Promise.resolve(),
): Promise<TaskEnd> => {
  const name = jobName(task, seed);
  await startMaintenanceJob(api, task, { dryRun: false, name });
  try {
    await whileRunning();
    const { succeeded, because } = await awaitJob(api, name, TASK_WITHIN_SECONDS, signal);
    const log = await jobLog(api, name);
    const vacuumed = log.filter(({ what }) => what === 'vacuumed').length;
    const reasons = log.filter(({ what }) => what === 'failed').map((line) => String(line['because']));
    return { task, failure: succeeded ? null : `${task}: ${because}; ${reasons.join('; ')}`, pods: (await jobPods(api, name)).length, vacuumed };
  } finally {
    await removeJob(api, name);
  }
};

export const maintenanceUnderLoad = async (context: ProcedureContext): Promise<ProcedureOutcome> => {
  const { lab, api, credentials, directory, progress } = context;
  const { leader } = await steadyRegion(context);
  await prepareTables(lab, leader);
  await asSuperuser(lab, leader, (client) => prepareMaintenanceTables(lab, client));
  const marks: HistoryEvent[] = [];
  const mark = (name: string): void => void marks.push({ t: now(), kind: 'mark', name });
  const clients = startClients(lab, api, credentials, { count: CLIENTS, giveUpSeconds: 5 });
  const application = await startApplication(context);
  try {
    await until('every client is served', 20, () => Promise.resolve(clients.lastAcks.size === CLIENTS || undefined)).catch((error: unknown) => {
      throw new NotSteadyError('steady state not reached', { cause: error });
    });
    mark('steady');
    await sleep(STEADY_SECONDS);
    mark('faultAt');
    const moves = lab.environment.maintenance.retention.filter(({ archiveTo }) => archiveTo !== null).map(retentionTaskName);
    let killed: Killed = { missing: null, archived: 0 };
    const ends: TaskEnd[] = [];
    for (const { name } of maintenanceTasks(lab.environment.maintenance)) {
      progress(`task ${name}`);
      const kill = async (): Promise<void> => void (killed = await killAtWork(context, leader));
      ends.push(await runTask(context, name, moves.includes(name) ? kill : undefined));
    }
    mark('end');
    await Promise.all([clients.stop(), application.stop()]);
    const [renewed, added] = [application.renewed(), application.added()];
    const tables = await asSuperuser(lab, leader, async (client) => {
      const found = [];
      for (const policy of lab.environment.maintenance.retention) {
        const own = policy.table === RECEIPTS;
        found.push(await tableFound(client, policy, own ? renewed : [], own ? added : []));
      }
      return found;
    });
    const history = historyOf([...clients.events, ...marks, ...(await finalRows(lab, leader, clients.names))]);
    await writeFile(join(directory, 'history.jsonl'), history.events.map((e) => `${JSON.stringify(e)}\n`).join(''));
    const judged = judgeMaintenance(history, {
      expectation: withoutFailover(context, clients.names, true),
      tables,
      missingWhenKilled: killed.missing,
      attempts: Math.max(...ends.map(({ task, pods }) => (moves.includes(task) ? pods : 0))),
      failedTasks: ends.flatMap(({ failure }) => (failure === null ? [] : [failure])),
      vacuumedTables: ends.reduce((sum, { vacuumed }) => sum + vacuumed, 0),
    });
    const [renewedRows, addedRows] = [renewed.reduce((n, [a, b]) => n + b - a + 1, 0), added.reduce((n, [a, b]) => n + b - a + 1, 0)];
    return {
      ...judged,
      notes: [],
      extra: { rowsMovedWhenKilled: killed.archived, renewedRows, addedRows },
      logs: [{ name: 'history', path: 'history.jsonl' }],
    };
  } finally {
    await Promise.allSettled([clients.stop(), application.stop()]);
  }
};
