/** What a drill of the cache has at hand, and the parts that all of them share: steady state, hold, recovery, judgement. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CACHE_MODES, parseCacheEvents, streamOf, type CacheHistory } from '../../lib/drill/cache/history';
import { cachePods, type CachePod } from '../../lib/topology/cache-placement';
import { majority } from '../../lib/topology/derive';
import { sleep, until } from '../exec';
import { cleanUp } from '../drill/clean-up';
import { completeLines } from '../drill/meters';
import type { ProcedureContext } from '../drill/procedures/procedure';
import { NotSteadyError } from '../drill/run';
import { arm } from '../faults/dead-man';
import { healEverything } from '../faults/heal';
import { health } from '../health';
import { now } from '../meter/clock';
import type { CacheMeterConfiguration } from '../meter/cache-configuration';
import { clientTls } from '../secrets';
import type { NodeSettings } from '../settings';
import { presentIds } from './data';
import { meterConfiguration, startCacheMeters, type CacheMeters } from './meters';
import { cacheComplaints, cacheStatus } from './status';

export interface CacheStage {
  readonly context: ProcedureContext;
  readonly login: Omit<CacheMeterConfiguration, 'client'>;
  readonly meters: CacheMeters;
  /** Shards whose masters the fault strikes, the first one chosen by the seed. */
  readonly struck: readonly number[];
  /** Master of each shard before the fault. */
  readonly masters: readonly { readonly pod: CachePod; readonly address: string; readonly node: NodeSettings }[];
}

/** What a drill does between the steady state and the recovery. */
export type CacheFault = (stage: CacheStage) => Promise<{ readonly excluded: Readonly<Record<string, string>> }>;

const STEADY_SECONDS = 3;

/** Strictly before each drill: nothing of the lab to complain of. @throws NotSteadyError */
const awaitSteadyLab = async ({ lab, api, credentials, signal }: ProcedureContext): Promise<void> => {
  let why = '';
  const ask = async (): Promise<true | undefined> => {
    signal.throwIfAborted();
    why = (await health(lab, api, clientTls(credentials))).complaints.join('; ');
    return why === '' ? true : undefined;
  };
  await until('steady state', 150, ask, 0.5).catch((error: unknown) => {
    signal.throwIfAborted();
    throw new NotSteadyError(`the lab is not healthy: ${why || String(error)}`, { cause: error });
  });
};

const openStage = async (context: ProcedureContext, strikes: 'one' | 'majority'): Promise<CacheStage> => {
  const { lab, api, credentials, directory, seed } = context;
  const { cache } = lab.environment;
  const status = await cacheStatus(api);
  if (cache === null || status === null) throw new NotSteadyError('the cache’s keepers do not answer');
  const addressOf = (name: string): string => status.nodes.find((n) => n.pod === name)?.address ?? '';
  const pods = cachePods(cache, lab.region);
  const masters = status.masters.map((name, shard) => {
    const pod = pods.find((p) => p.name === name);
    const node = lab.nodes.find((n) => n.zone === pod?.zone);
    if (pod === undefined || node === undefined) throw new NotSteadyError(`shard ${shard} has no master`);
    return { pod, address: addressOf(pod.name), node };
  });
  const first = seed % cache.shards;
  const struck = strikes === 'one' ? [first] : Array.from({ length: majority(cache.shards) }, (_, i) => (first + i) % cache.shards);
  const login = meterConfiguration(
    lab,
    credentials,
    status.nodes.flatMap((n) => n.address ?? []),
    `drill:${seed}:${Date.now()}`,
  );
  return { context, login, struck, masters, meters: startCacheMeters(lab, login, directory) };
};

/** Whether every client on the list is served on these shards since then, in both modes, and lately. */
export const served = ({ meters }: CacheStage, clients: readonly string[], shards: readonly number[], since: number): boolean =>
  clients.every((client) =>
    shards.every((shard) =>
      CACHE_MODES.every((mode) => {
        const ack = meters.lastAcks.get(streamOf({ client, shard, mode }));
        return ack !== undefined && ack.t > since && ack.t > now() - 0.5;
      }),
    ),
  );

export const pause = async ({ context: { signal } }: CacheStage, seconds: number): Promise<void> => {
  for (const end = now() + seconds; now() < end;) {
    signal.throwIfAborted();
    await sleep(Math.min(0.1, Math.max(0.001, end - now())));
  }
};

/** Until these clients are served on the struck shards again by somebody, at most so long; and a second more, so that the file shows it. */
export const holdUntilServed = async (stage: CacheStage, clients: readonly string[], since: number, atMost: number): Promise<void> => {
  for (const deadline = now() + atMost; now() < deadline && !served(stage, clients, stage.struck, since);) await pause(stage, 0.1);
  await pause(stage, 1);
};

const everyShard = ({ masters }: CacheStage): readonly number[] => masters.map((_, shard) => shard);

/** Steady, struck, healed, whole again. */
const carryOut = async (stage: CacheStage, fault: CacheFault): Promise<Marks> => {
  const { context, meters } = stage;
  await until('every client is served', 30, () => Promise.resolve(served(stage, meters.clients, everyShard(stage), 0) || undefined)).catch((error: unknown) => {
    throw new NotSteadyError(`steady state not reached: ${error instanceof Error ? error.message : String(error)}`);
  });
  await pause(stage, STEADY_SECONDS + (context.seed % 10) / 10);
  await arm(context.lab, context.deadMan, context.drill.longestFaultSeconds);
  const faultAt = now();
  const { excluded } = await fault(stage);
  for (const line of await healEverything(context.lab)) context.progress(line);
  const healedAt = now();
  const reachable = meters.clients.filter((client) => !(client in excluded));
  const healthyAt = await awaitRecovery(stage, reachable);
  return { faultAt, healedAt, healthyAt, endAt: now(), excluded, dead: meters.dead() };
};

/** The whole run: what is particular is the fault. */
export const runCacheDrill = async (context: ProcedureContext, strikes: 'one' | 'majority', fault: CacheFault): Promise<CacheHistory> => {
  await awaitSteadyLab(context);
  const stage = await openStage(context, strikes);
  let marks: Marks | undefined;
  try {
    marks = await carryOut(stage, fault);
  } finally {
    await cleanUp(context.lab, context.progress, marks !== undefined, [stage.meters.stop()]);
  }
  return historyOf(stage, marks);
};

/** Whole, every master at home, and every client served, for two seconds. @returns when that began, or null: not in time */
const awaitRecovery = async (stage: CacheStage, clients: readonly string[]): Promise<number | null> => {
  const { context } = stage;
  let since: number | null = null;
  for (const deadline = now() + context.drill.healthyDeadlineSeconds + 5; now() < deadline;) {
    const whole = (await cacheComplaints(context.lab, context.api)).length === 0 && served(stage, clients, everyShard(stage), 0);
    since = whole ? (since ?? now()) : null;
    if (since !== null && now() - since > 2) return since;
    await pause(stage, 0.3);
  }
  context.progress('not healthy in time');
  return null;
};

type Marks = Pick<CacheHistory, 'faultAt' | 'healedAt' | 'endAt' | 'healthyAt' | 'excluded' | 'dead'>;

const historyOf = async ({ context, login, meters, struck, masters }: CacheStage, marks: Marks): Promise<CacheHistory> => {
  const lines = (await Promise.all(meters.files.map(completeLines))).flat();
  const status = await cacheStatus(context.api);
  const addresses = (status?.masters ?? []).map((name) => status?.nodes.find((n) => n.pod === name)?.address ?? null);
  const present = await presentIds(addresses, login, meters.clients);
  await writeFile(join(context.directory, 'marks.json'), `${JSON.stringify({ ...marks, struck, masters: masters.map((m) => m.pod.name) }, null, 2)}\n`);
  return { events: parseCacheEvents(lines), clients: meters.clients, shards: masters.length, struck, present, ...marks };
};
