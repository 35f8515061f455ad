/** One run of a drill: steady state, fault, cure, and what the meters saw, judged. */
import { mkdir } from 'node:fs/promises';
import { excludedClients, type StepsDrill } from '../../lib/drill/catalog';
import type { History, HistoryEvent } from '../../lib/drill/events';
import { servedClients, type Expectation } from '../../lib/drill/expectation';
import type { Fault, Hold, Step } from '../../lib/drill/faults';
import { describeStep } from '../../lib/drill/faults';
import type { Judgement } from '../../lib/drill/judge';
import { NAMESPACE, postgresMemberNames } from '../../lib/topology/derive';
import { locateMembers } from '../database';
import { sleep, until } from '../exec';
import { arm } from '../faults/dead-man';
import { healEverything } from '../faults/heal';
import { health } from '../health';
import type { KubernetesApi } from '../kubernetes/api';
import { now } from '../meter/clock';
import { clientTls, type Credentials } from '../secrets';
import type { LabSettings, NodeSettings } from '../settings';
import type { Progress } from '../up';
import { cleanUp } from './clean-up';
import { prepareTables } from './data';
import { aim, etcdLeaderSharesNode, type Target } from './injector';
import { judgeRun, memberOf } from './judge-run';
import { startMeters, type Meters } from './meters';
import { startObserver, type Observer } from './observer';

/** The lab was not fit for the drill: nothing was injected. */
export class NotSteadyError extends Error {}

export interface DrillRun {
  readonly seed: number;
  readonly drill: StepsDrill;
  readonly budgetUpperSeconds: number;
  /** See ProcedureContext. */
  readonly megabytes?: number;
  /** Folder for what the meters write. */
  readonly directory: string;
  readonly progress: Progress;
  /** How to start the dead man's timer. */
  readonly deadMan: readonly string[];
  /** Aborts when it fires: faults are healed, meters stopped. */
  readonly signal: AbortSignal;
}

export interface RunResult {
  readonly judgement: Judgement;
  readonly expectation: Expectation;
  readonly history: History;
  readonly notes: readonly string[];
}

/** What a run has at hand. */
export interface Stage {
  readonly lab: LabSettings;
  readonly api: KubernetesApi;
  readonly credentials: Credentials;
  readonly run: DrillRun;
  readonly primary: string;
  readonly primaryNode: NodeSettings;
  readonly observer: Observer;
  readonly meters: Meters;
  readonly marks: HistoryEvent[];
  /** Meters that ended before they were asked to. */
  readonly dead: string[];
  readonly expectation: Expectation;
}

/** A generator of numbers in [0, 1) from a seed (mulberry32): decides in which phase of Patroni's loop the fault strikes. */
const random = (seed: number): (() => number) => {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
};

const STEADY_SECONDS = 3;
const PHASE_SECONDS = 2;

export const runDrill = async (lab: LabSettings, api: KubernetesApi, credentials: Credentials, run: DrillRun): Promise<RunResult> => {
  await mkdir(run.directory, { recursive: true });
  const primary = await steadyPrimary(lab, api, credentials, run);
  await prepareTables(lab, primary);
  const stage = await openStage(lab, api, credentials, run, primary);
  let ended = false;
  try {
    await reachSteadyState(stage);
    await carryOutSteps(stage);
    await awaitRecovery(stage);
    mark(stage, 'end');
    stage.dead.push(...stage.meters.dead());
    ended = true;
  } finally {
    await cleanUp(lab, run.progress, ended, [stage.meters.stop(), stage.observer.stop()]);
  }
  return judgeRun(stage);
};

/** Strictly before each drill: nothing to complain of, and etcd's leader where the product keeps it. @returns the primary */
const steadyPrimary = async (lab: LabSettings, api: KubernetesApi, credentials: Credentials, run: DrillRun): Promise<string> => {
  const tls = clientTls(credentials);
  let why = '';
  try {
    return await until(
      'steady state',
      120,
      async () => {
        run.signal.throwIfAborted();
        const { members, complaints } = await health(lab, api, tls);
        const primary = members.find((m) => m.role === 'leader')?.name;
        why = complaints.join('; ');
        if (complaints.length > 0 || primary === undefined) return undefined;
        why = "etcd's leader is on the primary's node";
        const shares = lab.region.etcd.leaderAwayFromPrimary ? await etcdLeaderSharesNode({ lab, api, tls, primary }) : false;
        return shares === false ? primary : undefined;
      },
      0.5,
    );
  } catch (error) {
    run.signal.throwIfAborted();
    throw new NotSteadyError(`the lab is not healthy: ${why || String(error)}`, { cause: error });
  }
};

interface ServiceObject {
  readonly spec: { readonly clusterIP: string };
}

const openStage = async (lab: LabSettings, api: KubernetesApi, credentials: Credentials, run: DrillRun, primary: string): Promise<Stage> => {
  const service = await api.get<ServiceObject>(`/api/v1/namespaces/${NAMESPACE}/services/pgbouncer`);
  const primaryNode = (await locateMembers(lab)).find((m) => m.member === primary)?.node;
  if (primaryNode === undefined) throw new NotSteadyError(`${primary} is not on any node`);
  const members = postgresMemberNames(lab.region);
  const observer = startObserver(lab, api, clientTls(credentials), members);
  const meters = startMeters(lab, credentials, service.spec.clusterIP, run.directory);
  const expectation = expectationOf(lab, run, primaryNode, members);
  return { lab, api, credentials, run, primary, primaryNode, observer, meters, marks: [], dead: [], expectation };
};

const expectationOf = (lab: LabSettings, run: DrillRun, primaryNode: NodeSettings, members: readonly string[]): Expectation => {
  const places = lab.nodes.map((n) => ({ client: n.zone, node: n.name, zone: n.zone }));
  const { drill } = run;
  return {
    clients: places.map((p) => p.client),
    excluded: excludedClients(drill, { node: primaryNode.name, zone: primaryNode.zone }, places),
    members,
    leaderChanges: drill.leaderChanges,
    planned: drill.planned,
    objective: { rtoSeconds: drill.objective.rto, rpoSeconds: drill.objective.rpo },
    budgetUpperSeconds: run.budgetUpperSeconds,
    healthyDeadlineSeconds: drill.healthyDeadlineSeconds,
  };
};

const mark = ({ marks }: Stage, name: string, detail?: string): void => {
  marks.push({ t: now(), kind: 'mark', name, ...(detail === undefined ? {} : { detail }) });
};

/** Every client has been served lately. `since`: by an acknowledgement after that time; `notBy`: by another server. */
const served = (stage: Stage, clients: readonly string[], since: number, notBy?: string): boolean =>
  clients.every((client) => {
    const ack = stage.meters.lastAcks.get(client);
    return ack !== undefined && ack.t > since && ack.t > now() - 0.4 && (notBy === undefined || memberOf(stage, ack.address) !== notBy);
  });

const reachSteadyState = async (stage: Stage): Promise<void> => {
  const { run, expectation } = stage;
  await until('every client is served', 20, () => Promise.resolve(served(stage, expectation.clients, 0) || undefined), 0.05).catch((error: unknown) => {
    throw new NotSteadyError(`steady state not reached: ${error instanceof Error ? error.message : String(error)}`);
  });
  // The meters' own start (TLS, first plans) is no part of the steady state.
  await pause(run, 1);
  mark(stage, 'steady');
  run.progress('steady: every client is served');
  await pause(run, STEADY_SECONDS + random(run.seed)() * PHASE_SECONDS);
};

const pause = async ({ signal }: DrillRun, seconds: number): Promise<void> => {
  for (const end = now() + seconds; now() < end;) {
    signal.throwIfAborted();
    await sleep(Math.min(0.1, Math.max(0.001, end - now())));
  }
};

const carryOutSteps = async (stage: Stage): Promise<void> => {
  const { lab, run } = stage;
  await arm(lab, run.deadMan, run.drill.longestFaultSeconds);
  let struckAt = 0;
  for (const step of run.drill.steps) {
    run.progress(describeStep(step));
    if (step.kind === 'heal') await heal(stage);
    else if (step.kind === 'hold') await hold(stage, step.until, struckAt);
    else struckAt = await strike(stage, step);
  }
};

const strike = async (stage: Stage, step: Extract<Step, { fault: Fault }>): Promise<number> => {
  const target: Target = { lab: stage.lab, api: stage.api, tls: clientTls(stage.credentials), primary: stage.observer.leader() ?? stage.primary };
  const blow = await aim(target, step.fault);
  const t = now();
  if (step.kind === 'inject') mark(stage, 'faultAt', step.fault.kind);
  await blow();
  return t;
};

const heal = async (stage: Stage): Promise<void> => {
  for (const line of await healEverything(stage.lab)) stage.run.progress(line);
  mark(stage, 'healedAt');
};

/** After the condition holds, a second more, so that the file shows it. */
const hold = async (stage: Stage, until: Hold, struckAt: number): Promise<void> => {
  const { run, expectation } = stage;
  if (until.for === 'seconds') return pause(run, until.seconds);
  const clients = servedClients(expectation);
  const deadline = now() + until.atMostSeconds;
  // The blow must have landed before "served again" means anything.
  const since = struckAt + (until.for === 'service' ? 2 : 0);
  while (now() < deadline && !served(stage, clients, since, until.for === 'failover' ? stage.primary : undefined)) await pause(run, 0.1);
  return pause(run, 1);
};

/** Until all is well again, and a little longer; not longer than the drill's deadline allows. */
const awaitRecovery = async (stage: Stage): Promise<void> => {
  const { lab, api, credentials, run, expectation } = stage;
  const deadline = now() + run.drill.healthyDeadlineSeconds + 10;
  const tls = clientTls(credentials);
  let since = Infinity;
  while (now() < deadline) {
    const { complaints } = await health(lab, api, tls);
    const whole = complaints.length === 0 && stage.observer.isWhole() && served(stage, servedClients(expectation), 0);
    since = whole ? Math.min(since, now()) : Infinity;
    if (now() - since > 2) return;
    await pause(run, 0.3);
  }
  run.progress('not healthy in time');
};
