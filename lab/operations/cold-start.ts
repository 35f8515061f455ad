/** The drill region-cold-start: every machine of the region and its control plane lose power at once; one command brings it back. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { historyOf, type HistoryEvent } from '../../lib/drill/events';
import type { Expectation } from '../../lib/drill/expectation';
import { parseHistory } from '../../lib/drill/history';
import { judgeColdStart, type TierSample } from '../../lib/drill/operations/cold-start';
import type { ProcedureOutcome } from '../../lib/drill/procedure-run';
import { majority, NAMESPACE, postgresMemberNames, postgresName } from '../../lib/topology/derive';
import { finalRows, prepareTables } from '../drill/data';
import { completeLines, startProber } from '../drill/meters';
import type { ProcedureContext } from '../drill/procedures/procedure';
import { NotSteadyError } from '../drill/run';
import { sleep, until } from '../exec';
import { arm, disarm } from '../faults/dead-man';
import { healEverything } from '../faults/heal';
import { health, podsOf } from '../health';
import { findProgram } from '../hosts/processes-in-pods';
import { isReady } from '../kubernetes/api';
import { now } from '../meter/clock';
import { killProcesses } from '../processes';
import { clientTls } from '../secrets';
import { startClients, type Clients } from './clients';
import { steadyRegion } from './steady';
import { runHoldfast } from './holdfast';

const CLIENTS = 3;
const STEADY_SECONDS = 3;
/** An operator sees that everything is off, and gives the command. */
const REACTION_SECONDS = 1;
const SAMPLE_EVERY = 0.4;
const SERVED_WITHIN_SECONDS = 30;

const served = ({ names, lastAcks }: Clients, since: number): boolean => names.every((name) => (lastAcks.get(name) ?? 0) > since);

interface Scaled {
  readonly spec: { readonly replicas: number };
}

/** Looks at the region from outside the recovery, until stopped. */
const watchTiers = (context: ProcedureContext): { readonly samples: readonly TierSample[]; readonly stop: () => Promise<void> } => {
  const { api, lab } = context;
  const samples: TierSample[] = [];
  let stopping = false;
  const wanted = async (path: string): Promise<number> => (await api.get<Scaled>(`/apis/apps/v1/namespaces/${NAMESPACE}/${path}`)).spec.replicas;
  const look = async (): Promise<TierSample> => {
    const t = now();
    const [databaseWanted, poolerWanted] = await Promise.all([wanted(`statefulsets/${postgresName(lab.region)}`), wanted('deployments/pgbouncer')]);
    const [etcd, postgres] = await Promise.all([podsOf(api, 'etcd'), podsOf(api, 'postgres')]);
    return { t, databaseWanted, poolerWanted, etcdReady: etcd.filter(isReady).length, databaseReady: postgres.filter(isReady).length };
  };
  const loop = async (): Promise<void> => {
    while (!stopping) {
      const sample = await look().catch(() => undefined); // the API server is one of the things that are off
      if (sample !== undefined) samples.push(sample);
      await sleep(SAMPLE_EVERY);
    }
  };
  const running = loop();
  return {
    samples,
    stop: () => {
      stopping = true;
      return running;
    },
  };
};

/** Programs of the data tier that run, by node. */
const survivorsOf = async ({ lab }: ProcedureContext): Promise<readonly string[]> => {
  const programs = ['postgres', 'patroni', 'etcd', 'pgbouncer'] as const;
  const found = lab.nodes.flatMap((node) =>
    programs.map(async (program) => ((await findProgram(node.cgroup, program)) === undefined ? [] : [`${program} on ${node.name}`])),
  );
  return (await Promise.all(found)).flat();
};

interface RecoverOutput {
  readonly outcome: string;
  readonly seconds: number;
  readonly stages: readonly { readonly stage: string; readonly verifiedAt: number }[];
}

const recoverRegion = async ({ lab, directory, signal, drill }: ProcedureContext, log: string): Promise<RecoverOutput | null> => {
  const args = ['recover', '--lab', lab.name, '--json', '--within', String(Math.ceil(drill.longestFaultSeconds))];
  const { stdout } = await runHoldfast(args, join(directory, log), signal);
  return stdout.trim() === '' ? null : (JSON.parse(stdout) as RecoverOutput);
};

/** Seconds until there is nothing to complain of, or null. */
const awaitHealthy = async ({ lab, api, credentials, drill, signal }: ProcedureContext): Promise<number | null> => {
  const start = now();
  const complaints = async (): Promise<readonly string[]> =>
    health(lab, api, clientTls(credentials)).then(
      (found) => found.complaints,
      (error: unknown) => [String(error)],
    );
  while (now() - start < drill.healthyDeadlineSeconds) {
    signal.throwIfAborted();
    if ((await complaints()).length === 0) return now() - start;
    await sleep(0.3);
  }
  return null;
};

const expectationOf = ({ lab, drill, budgetUpperSeconds }: ProcedureContext, clients: Clients): Expectation => ({
  clients: clients.names,
  excluded: [],
  members: postgresMemberNames(lab.region),
  leaderChanges: { min: 0, max: 1 },
  planned: false,
  objective: { rtoSeconds: drill.objective.rto, rpoSeconds: drill.objective.rpo },
  budgetUpperSeconds,
  healthyDeadlineSeconds: drill.healthyDeadlineSeconds,
});

/** From the blow to the last look. */
const blowAndRecover = async (context: ProcedureContext, clients: Clients, mark: (name: string) => void) => {
  const { lab, progress } = context;
  const tiers = watchTiers(context);
  try {
    await arm(lab, context.deadMan, context.drill.longestFaultSeconds);
    mark('faultAt');
    await killProcesses(lab, [...lab.nodes.map(({ name }) => name), 'control-plane']);
    progress('every machine and the control plane are off');
    const struckAt = now();
    await sleep(REACTION_SECONDS);
    const survivors = await survivorsOf(context);
    // What was seen before the blow says nothing about the return.
    const from = tiers.samples.length;
    const recovery = await recoverRegion(context, 'recover.log');
    mark('healedAt');
    progress(`recover: ${recovery?.outcome ?? 'no report'} after ${recovery?.seconds.toFixed(1) ?? '?'} s`);
    const healthyAfter = await awaitHealthy(context);
    await until('every client is served', SERVED_WITHIN_SECONDS, () => Promise.resolve(served(clients, struckAt) || undefined)).catch(() => undefined); // judged below
    const again = await recoverRegion(context, 'recover-again.log');
    await sleep(1);
    return { survivors, recovery, again, healthyAfter, samples: tiers.samples.slice(from) };
  } finally {
    await tiers.stop();
  }
};

const leaderNow = async ({ lab, api, credentials }: ProcedureContext): Promise<string | null> =>
  (await health(lab, api, clientTls(credentials))).members.find((m) => m.role === 'leader')?.name ?? null;

export const coldStart = async (context: ProcedureContext): Promise<ProcedureOutcome> => {
  const { lab, api, credentials, directory, drill } = context;
  const { leader, permitted } = await steadyRegion(context);
  await prepareTables(lab, leader);
  const marks: HistoryEvent[] = [];
  const mark = (name: string): void => void marks.push({ t: now(), kind: 'mark', name });
  const clients = startClients(lab, api, credentials, { count: CLIENTS, giveUpSeconds: 5 });
  const prober = startProber(lab, credentials, directory);
  let healed = false;
  try {
    await until('every client is served', 20, () => Promise.resolve(served(clients, 0) || undefined)).catch((error: unknown) => {
      throw new NotSteadyError('steady state not reached', { cause: error });
    });
    mark('steady');
    await sleep(STEADY_SECONDS);
    const seen = await blowAndRecover(context, clients, mark);
    mark('end');
    healed = true;
    const after = await leaderNow(context);
    await Promise.all([clients.stop(), prober.stop()]);
    const rows = after === null ? [] : await finalRows(lab, after, clients.names);
    const probes = parseHistory((await Promise.all(prober.files.map(completeLines))).flat().filter((line) => line.includes('"kind":"local-commit"'))).events;
    const history = historyOf([...clients.events, ...marks, ...probes, ...rows]);
    await writeFile(join(directory, 'history.jsonl'), history.events.map((e) => `${JSON.stringify(e)}\n`).join(''));
    const judged = judgeColdStart(history, {
      expectation: expectationOf(context, clients),
      survivors: seen.survivors,
      samples: seen.samples,
      etcdQuorum: majority(lab.region.etcd.members),
      permitted,
      leader: after,
      outcome: seen.recovery?.outcome ?? null,
      again: seen.again?.outcome ?? null,
      healthyAfter: seen.healthyAfter,
    });
    return {
      ...judged,
      notes: [],
      extra: { recoverSeconds: seen.recovery?.seconds ?? null, recoveryStages: seen.recovery?.stages ?? [] },
      logs: [{ name: 'history', path: 'history.jsonl' }],
    };
  } finally {
    const ending = await Promise.allSettled([clients.stop(), prober.stop(), healed ? Promise.resolve([]) : healEverything(lab)]);
    if (ending.every(({ status }) => status === 'fulfilled')) await disarm(lab);
    else context.progress(`cleaning up failed: the dead man's timer tries again (${drill.longestFaultSeconds} s at most)`);
  }
};
