/** Clients that write and read while something is rotated, and what became of their requests. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { historyOf, type HistoryEvent } from '../../lib/drill/events';
import { parseHistory } from '../../lib/drill/history';
import { eventsOf, type LoginEvent } from '../../lib/drill/secrets/events';
import { judgeRotation, type RotationJudgement } from '../../lib/drill/secrets/judge';
import { NAMESPACE, postgresMemberNames } from '../../lib/topology/derive';
import { parseCacheEvents } from '../../lib/drill/cache/history';
import { judgeCacheLoad, type CacheLoadJudgement, type CacheLoadSeen } from '../../lib/drill/secrets/cache-load';
import { presentIds } from '../cache-tier/data';
import { meterConfiguration, startCacheMeters, type CacheMeters } from '../cache-tier/meters';
import { cacheStatus } from '../cache-tier/status';
import type { CacheMeterConfiguration } from '../meter/cache-configuration';
import { finalRows, prepareTables } from '../drill/data';
import { completeLines, startMeters, type Meters } from '../drill/meters';
import type { ProcedureContext } from '../drill/procedures/procedure';
import { NotSteadyError } from '../drill/run';
import { sleep, until } from '../exec';
import { health, type Health } from '../health';
import { now } from '../meter/clock';
import { clientTls, readCredentials } from '../secrets';

/**
 * Failed requests are counted, not the length of a gap: clients with an application's patience, not with that of a stop-watch, and seldom enough to leave the
 * machine to the database's clients and to handshakes.
 */
const CACHE_LOAD = { writeEverySeconds: 0.2, readEverySeconds: 0.5, connectSeconds: 2, waitSeconds: 1, giveUpSeconds: 2 } as const;

type CacheMeterLogin = Omit<CacheMeterConfiguration, 'client'>;

const STEADY_SECONDS = 3;
/** Clients look at their credentials four times a second; what they do afterwards counts as well. */
const AFTERWARDS_SECONDS = 3;

const healthNow = async ({ lab, api }: ProcedureContext): Promise<Health> => health(lab, api, clientTls(await readCredentials(lab)));

const timelineOf = ({ members }: Health): number => Math.max(0, ...members.map((m) => m.timeline ?? 0));

const steady = async (context: ProcedureContext): Promise<{ readonly primary: string; readonly timeline: number }> => {
  let why = '';
  try {
    return await until('steady state', 120, async () => {
      context.signal.throwIfAborted();
      const found = await healthNow(context);
      why = found.complaints.join('; ');
      const primary = found.members.find((m) => m.role === 'leader')?.name;
      return why === '' && primary !== undefined ? { primary, timeline: timelineOf(found) } : undefined;
    });
  } catch (error) {
    context.signal.throwIfAborted();
    throw new NotSteadyError(`the lab is not healthy: ${why}`, { cause: error });
  }
};

const served = async (context: ProcedureContext, meters: Meters): Promise<void> => {
  const clients = context.lab.nodes.map((n) => n.zone);
  const all = (): boolean => clients.every((client) => (meters.lastAcks.get(client)?.t ?? 0) > now() - 0.4);
  await until('every client is served', 20, () => Promise.resolve(all() || undefined)).catch((error: unknown) => {
    throw new NotSteadyError(error instanceof Error ? error.message : String(error));
  });
  for (const end = now() + STEADY_SECONDS; now() < end;) {
    context.signal.throwIfAborted();
    await sleep(0.1);
  }
};

/** How long until nothing is to be complained of; null: not in time. */
const healthyAgain = async (context: ProcedureContext): Promise<{ readonly seconds: number | null; readonly found: Health }> => {
  const began = now();
  for (;;) {
    const found = await healthNow(context);
    if (found.complaints.length === 0) return { seconds: now() - began, found };
    if (now() - began > context.drill.healthyDeadlineSeconds) return { seconds: null, found };
    context.signal.throwIfAborted();
    await sleep(0.3);
  }
};

/** Clients of the cache, beside those of the database; none where there is no cache. */
interface CacheLoad {
  readonly meters: CacheMeters;
  readonly login: CacheMeterLogin;
}

const startCacheLoad = async ({ lab, api, credentials, directory, seed }: ProcedureContext): Promise<CacheLoad | undefined> => {
  if (lab.environment.cache === null) return undefined;
  const status = await cacheStatus(api);
  if (status === null) throw new NotSteadyError('the cache’s keepers do not answer');
  const seeds = status.nodes.flatMap((n) => n.address ?? []);
  const login = meterConfiguration(lab, credentials, seeds, `drill:${seed}:${Date.now()}`);
  return { login, meters: startCacheMeters(lab, { ...login, ...CACHE_LOAD }, directory) };
};

const judgeCache = async (
  { lab, api }: ProcedureContext,
  { meters, login }: CacheLoad,
  window: Pick<CacheLoadSeen, 'from' | 'to' | 'connectionsEnd'>,
): Promise<CacheLoadJudgement> => {
  const lines = (await Promise.all(meters.files.map(completeLines))).flat();
  const status = await cacheStatus(api);
  const masters = (status?.masters ?? []).map((name) => status?.nodes.find((n) => n.pod === name)?.address ?? null);
  const { cache, ca } = await readCredentials(lab);
  const present = await presentIds(masters, { ...login, password: cache.application, ca }, meters.clients);
  const events = parseCacheEvents(lines.filter((line) => line.includes('"kind":"cache-')));
  return judgeCacheLoad({ ...window, events, logins: eventsOf<LoginEvent>(lines, 'login'), clients: meters.clients, present });
};

/** @throws NotSteadyError when the lab is not fit for the drill; whatever `work` throws, after the meters were stopped */
export const underLoad = async <T>(
  context: ProcedureContext,
  work: () => Promise<T>,
  connectionsEnd = false,
): Promise<{ readonly result: T; readonly judgement: RotationJudgement; readonly cache: CacheLoadJudgement | undefined }> => {
  const { lab, api, credentials, directory } = context;
  const before = await steady(context);
  await prepareTables(lab, before.primary);
  const service = await api.get<{ readonly spec: { readonly clusterIP: string } }>(`/api/v1/namespaces/${NAMESPACE}/services/pgbouncer`);
  const marks: HistoryEvent[] = [];
  const mark = (name: string): void => void marks.push({ t: now(), kind: 'mark', name });
  const meters = startMeters(lab, credentials, service.spec.clusterIP, directory);
  let cacheLoad: CacheLoad | undefined;
  let result: T;
  let after: Awaited<ReturnType<typeof healthyAgain>>;
  try {
    cacheLoad = await startCacheLoad(context);
    await served(context, meters);
    mark('steady');
    mark('faultAt');
    result = await work();
    mark('healedAt');
    after = await healthyAgain(context);
    await sleep(AFTERWARDS_SECONDS);
    mark('end');
  } finally {
    await Promise.all([meters.stop(), cacheLoad?.meters.stop()]);
  }
  const at = (name: string): number => marks.find((m) => m.kind === 'mark' && m.name === name)?.t ?? 0;
  const cache = cacheLoad === undefined ? undefined : await judgeCache(context, cacheLoad, { from: at('faultAt'), to: at('end'), connectionsEnd });
  const lines = (await Promise.all(meters.files.map(completeLines))).flat();
  const clients = lab.nodes.map((n) => n.zone);
  const rows = await finalRows(lab, before.primary, clients);
  const known = lines.filter((line) => /"kind":"(write|read|local-commit)"/.test(line)).map((line) => line.replace(/"address":/, '"node":'));
  const history = historyOf([...parseHistory(known).events, ...marks, ...rows]);
  await writeFile(join(directory, 'history.jsonl'), history.events.map((e) => `${JSON.stringify(e)}\n`).join(''));
  const judgement = judgeRotation(
    {
      history,
      logins: eventsOf<LoginEvent>(lines, 'login'),
      healthyAgainSeconds: after.seconds,
      timelines: { before: before.timeline, after: timelineOf(after.found) },
    },
    {
      clients,
      members: postgresMemberNames(lab.region),
      objectiveSeconds: context.drill.objective.rto,
      budgetUpperSeconds: context.budgetUpperSeconds,
      healthyDeadlineSeconds: context.drill.healthyDeadlineSeconds,
    },
  );
  return { result, judgement, cache };
};
