/** What a drill of workloads has at hand, and the parts that all of them share: steady state, hold, recovery, what is judged. */
import { writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { ReportLog } from '../../lib/drill/report-types';
import type { WorkloadHistory } from '../../lib/drill/workloads/history';
import { parseAttempts } from '../../lib/drill/workloads/parse';
import type { Workload } from '../../lib/topology/types-workloads';
import { requireUserWorkload } from '../../lib/topology/workload-timings';
import { cleanUp } from '../drill/clean-up';
import { completeLines } from '../drill/meters';
import type { ProcedureContext } from '../drill/procedures/procedure';
import { NotSteadyError } from '../drill/run';
import { sleep, until } from '../exec';
import { arm } from '../faults/dead-man';
import { healEverything } from '../faults/heal';
import { health } from '../health';
import { now } from '../meter/clock';
import { steadyRegion } from '../operations/steady';
import { clientTls } from '../secrets';
import { storedWork } from './data';
import { doorOf } from './door';
import { areServed, startHttpMeters, type Door, type HttpMeters } from './meters';
import { workloadComplaints } from './pods';
import { readRollout, variableOf } from './rollout';

export interface WorkloadStage {
  readonly context: ProcedureContext;
  readonly workload: Workload;
  readonly door: Door;
  readonly meters: HttpMeters;
  /** Leads the database when the drill begins. */
  readonly leader: string;
  /** The release that serves when the drill begins. */
  readonly release: string;
}

/** What a drill does between the steady state and the recovery. */
export type WorkloadFault = (stage: WorkloadStage) => Promise<FaultEnd>;

export interface FaultEnd {
  /** Clients that nobody can serve, with the reason. */
  readonly excluded?: Readonly<Record<string, string>>;
  /** When the fault was over. @default - when everything has been healed */
  readonly healedAt?: number;
}

export interface WorkloadRun {
  readonly stage: WorkloadStage;
  readonly history: WorkloadHistory;
  readonly logs: readonly ReportLog[];
}

const STEADY_SECONDS = 3;
/** The whole is as before for so long before it counts. */
const CALM_SECONDS = 2;

export const pause = async ({ context: { signal } }: WorkloadStage, seconds: number): Promise<void> => {
  for (const end = now() + seconds; now() < end;) {
    signal.throwIfAborted();
    await sleep(Math.min(0.1, Math.max(0.001, end - now())));
  }
};

/** Asks until it is so, or the time is over. @returns when it was so, or null */
export const holdUntil = async (stage: WorkloadStage, atMost: number, ask: () => Promise<boolean>, every = 0.25): Promise<number | null> => {
  for (const deadline = now() + atMost; now() < deadline;) {
    stage.context.signal.throwIfAborted();
    // Somebody who can't be asked just now is asked again.
    if (await ask().catch(() => false)) return now();
    await pause(stage, every);
  }
  return null;
};

/** Everything that anybody could complain of. */
export const allComplaints = async ({ lab, api, credentials }: ProcedureContext, workload: Workload): Promise<readonly string[]> => [
  ...(await health(lab, api, clientTls(credentials))).complaints,
  ...(await workloadComplaints(lab, api, workload)),
];

/** Strictly before each drill. @throws NotSteadyError */
const awaitSteadyLab = async (context: ProcedureContext, workload: Workload): Promise<void> => {
  let why = '';
  const ask = async (): Promise<true | undefined> => {
    context.signal.throwIfAborted();
    why = (await allComplaints(context, workload)).join('; ');
    return why === '' ? true : undefined;
  };
  await until('steady state', 180, ask, 0.5).catch((error: unknown) => {
    context.signal.throwIfAborted();
    throw new NotSteadyError(`the lab is not healthy: ${why || String(error)}`, { cause: error });
  });
};

const openStage = async (context: ProcedureContext): Promise<WorkloadStage> => {
  const { lab, api, directory, seed } = context;
  const workload = requireUserWorkload(lab.environment);
  await awaitSteadyLab(context, workload);
  const { leader } = await steadyRegion(context);
  const release = variableOf(await readRollout(api, workload.name), 'RELEASE');
  if (release === undefined) throw new NotSteadyError(`${workload.name} has no RELEASE in its environment: nobody could tell which one answers`);
  const door = await doorOf(context, workload, `d${seed}-${Date.now().toString(36)}`);
  return { context, workload, door, leader, release, meters: startHttpMeters(lab.nodes, door, directory) };
};

type Marks = Pick<WorkloadHistory, 'faultAt' | 'healedAt' | 'endAt' | 'healthyAt' | 'excluded' | 'dead'>;

/** Steady, struck, healed, whole again. */
const carryOut = async (stage: WorkloadStage, fault: WorkloadFault): Promise<Marks> => {
  const { context, meters } = stage;
  const everybody = (since: number): boolean => areServed(meters, meters.clients, since, now());
  await until('every client is served', 60, () => Promise.resolve(everybody(0) || undefined)).catch((error: unknown) => {
    throw new NotSteadyError(`steady state not reached: ${error instanceof Error ? error.message : String(error)}`);
  });
  await pause(stage, STEADY_SECONDS + (context.seed % 10) / 10);
  await arm(context.lab, context.deadMan, context.drill.longestFaultSeconds);
  const faultAt = now();
  const done = await fault(stage);
  for (const line of await healEverything(context.lab)) context.progress(line);
  const healedAt = done.healedAt ?? now();
  const excluded = done.excluded ?? {};
  const healthyAt = await awaitRecovery(
    stage,
    meters.clients.filter((client) => !(client in excluded)),
    healedAt,
  );
  return { faultAt, healedAt, healthyAt, endAt: now(), excluded, dead: meters.dead() };
};

/** Nothing to complain of, and these clients served, for a while. @returns when that began, or null: not in time */
const awaitRecovery = async (stage: WorkloadStage, clients: readonly string[], healedAt: number): Promise<number | null> => {
  const { context, workload, meters } = stage;
  let since: number | null = null;
  for (const deadline = healedAt + context.drill.healthyDeadlineSeconds + 10; now() < deadline;) {
    const complaints = await allComplaints(context, workload).catch((error: unknown) => [String(error)]);
    const whole = complaints.length === 0 && areServed(meters, clients, healedAt, now());
    since = whole ? (since ?? now()) : null;
    if (since !== null && now() - since > CALM_SECONDS) return since;
    await pause(stage, 0.3);
  }
  context.progress('not healthy in time');
  return null;
};

const historyOf = async ({ context, meters, door }: WorkloadStage, marks: Marks): Promise<WorkloadHistory> => {
  const attempts = parseAttempts(await Promise.all(meters.files.map(completeLines)));
  await writeFile(join(context.directory, 'marks.json'), `${JSON.stringify(marks, null, 2)}\n`);
  // Another member may lead now.
  const stored = await steadyRegion(context)
    .then(({ leader }) => storedWork(context.lab, leader, door.prefix))
    .catch((error: unknown) => {
      context.progress(`what is in the database could not be read: ${String(error)}`);
      return { orders: null, events: null };
    });
  return { attempts, clients: meters.clients, ...stored, ...marks };
};

/** The whole run: what is particular is the fault. */
export const runWorkloadDrill = async (context: ProcedureContext, fault: WorkloadFault): Promise<WorkloadRun> => {
  const stage = await openStage(context);
  let marks: Marks | undefined;
  try {
    marks = await carryOut(stage, fault);
  } finally {
    await cleanUp(context.lab, context.progress, marks !== undefined, [stage.meters.stop()]);
  }
  const logs = stage.meters.clients.map((client) => ({ name: client, path: join(basename(context.directory), `http-${client}.jsonl`) }));
  return { stage, history: await historyOf(stage, marks), logs };
};
