import fastify, { type FastifyInstance } from 'fastify';
import { type Clock, shiftedClock, systemClock } from './clock';
import type { Config } from './config';
import { type Connections, connectAll, seldom } from './connections';
import type { PooledDatabase } from './database/pool';
import { Drain } from './events/drain';
import { Intake } from './events/intake';
import { RedisEventQueue } from './events/queue';
import { DatabaseEvents } from './events/store';
import { serveDeclared } from './declared-series';
import { Faults } from './faults';
import { Watch } from './health/watch';
import { declaredRoutes, type KnownRoute } from './http/declared';
import { eventRoutes } from './http/events';
import { faultRoutes } from './http/faults';
import { healthRoutes } from './http/health';
import { orderRoutes } from './http/orders';
import { receiptRoutes } from './http/receipts';
import { createServer } from './http/server';
import { sessionRoutes } from './http/sessions';
import { type Limits, NO_SWITCHES, readLimits, readSwitches } from './limits/files';
import { RateLimiter } from './limits/limiter';
import { WarmUp } from './limits/warm-up';
import { createMetrics, type Metrics } from './metrics';
import { isOperational } from './interface';
import { Desk } from './receipts/desk';
import { DatabaseLedger } from './receipts/ledger';
import { RedisNonces } from './receipts/nonces';
import { Sessions } from './sessions/sessions';
import { CachedSessions, StoredSessions } from './sessions/stores';
import { type GateParts, guardRequests, subjectOf } from './users/gate';
import { Suspects } from './users/suspects';
import { WatchedFile } from './watched-file';

export interface Service {
  readonly app: FastifyInstance;
  start(): Promise<void>;
  /** Not ready any more, no new connections; what was begun is finished. */
  stop(): Promise<void>;
}

/** So long a service that starts waits for its parts before it serves without them: one that is new should not be the one that is degraded. */
const PATIENCE_MS = 5000;
const IDLE_LOOK_MS = 50;

/** What all routes have in common. */
interface Common {
  readonly app: FastifyInstance;
  readonly config: Config;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly faults: Faults;
  readonly connections: Connections;
  readonly watch: Watch;
  readonly problem: (error: unknown, what: string) => void;
}

/** Wires the parts, by the files and the environment as they are now. */
export const createService = (config: Config): Service => {
  const metrics = createMetrics();
  serveDeclared(metrics.registry, config.interface.series, config.interface.queue.part === 'works' ? config.interface.queue.metric : null);
  const faults = new Faults(config.faults);
  const clock = shiftedClock(systemClock, () => faults.current.clockOffsetMs);
  const onFile = (what: string) => (error: unknown) => app.log.error({ err: error }, `${what} is not valid; what was read before stays in force`);
  const limits = new WatchedFile<Limits | null>(config.limitsFile, readLimits, null, (error) => onFile('limits.json')(error));
  const switches = new WatchedFile(config.switchesFile, readSwitches, NO_SWITCHES, (error) => onFile('switches.json')(error));
  const app = createServer({ config, metrics, faults });
  const connections = connectAll(config, metrics, app.log);
  const warmUp = new WarmUp();
  const watch = new Watch({ config, connections, metrics, faults, warmUp, onChange: (part, state) => app.log.warn({ part, ...state }, 'a part changed') });
  const common: Common = { app, config, clock, metrics, faults, connections, watch, problem: seldom(app.log) };

  const suspects = new Suspects(connections.cache, () => limits.current);
  const limiter = new RateLimiter({
    cache: connections.cache,
    guard: connections.guards.limiter,
    limits: () => limits.current,
    switches: () => switches.current,
    warmUp: (seconds) => warmUp.factor(seconds),
    replicas: () => watch.peers.count,
    metrics,
    isCompared: () => faults.current.compareLimits,
  });
  const gate: GateParts = { clock, metrics, suspects, limiter, switches: () => switches.current, isOperational: (url) => isOperational(config.interface, url) };
  guardRequests(app, gate, () => limits.current?.maxBody);
  const details = () => ({ time: new Date(clock.now()).toISOString(), pods: watch.peers.count, switches: switches.current });
  healthRoutes(app, { config, monitor: watch.monitor, readiness: () => watch.readiness(), details });
  faultRoutes(app, faults);
  const drain = addRoutes(common, gate);
  return lifecycle(common, [limits, switches], drain);
};

/** @returns what brings queued events into the database; null: there is no database or no queue, or others work on it */
const addRoutes = (common: Common, gate: GateParts): Drain | null => {
  const { app, config, connections } = common;
  const { database, cache, guards } = connections;
  const own = database === null ? null : ownApi(common, gate, database);
  const known: KnownRoute[] = [];
  void app.register(
    (scope, _options, done) => {
      scope.addHook('onRoute', (route) => void known.push(route));
      own?.routes(scope);
      done();
    },
    { prefix: config.interface.base },
  );
  // After its own, which they do not replace.
  void app.register((scope, _options, done) => {
    const lookIntoCache = cache === null ? null : () => guards.sessions.run(() => cache.client.get('session:none'));
    declaredRoutes(scope, config.interface, known, { database, cache: lookIntoCache });
    done();
  });
  return config.events.works ? (own?.drain ?? null) : null;
};

interface OwnApi {
  readonly routes: (scope: FastifyInstance) => void;
  readonly drain: Drain | null;
}

const ownApi = (common: Common, gate: GateParts, database: PooledDatabase): OwnApi => {
  const { config, clock, metrics, faults, connections, watch, problem } = common;
  const { cache, queue, guards } = connections;
  const cached = cache === null ? null : new CachedSessions(cache, guards.sessions, clock);
  const sessions = new Sessions(cached, new StoredSessions(database), clock, config.sessionMs, problem);
  const nonces = cache === null ? null : new RedisNonces(cache, guards.nonces, config.challengeMs);
  const ledger = new DatabaseLedger(database);
  const desk = new Desk({ clock, nonces, ledger, switches: gate.switches, metrics, lifetimeMs: config.challengeMs, onProblem: problem });
  const store = new DatabaseEvents(database);
  const events = queue === null ? null : new RedisEventQueue(queue, config.identity.pod, { copies: config.events.copies, waitMs: 300 });
  const databaseReachable = (): boolean => watch.monitor.reachable('database');
  const { intake: mode, backpressureAt } = config.events;
  const intake = new Intake({ store, queue: events, mode, backpressureAt, databaseReachable, metrics, onProblem: problem });
  const depth = (): Promise<number> => intake.depth();
  const rate = (): number | null => faults.current.drainPerSecond;
  return {
    routes: (scope) => {
      orderRoutes(scope, database, subjectOf);
      sessionRoutes(scope, sessions);
      receiptRoutes(scope, desk, gate);
      eventRoutes(scope, intake, store);
    },
    drain: events === null ? null : new Drain({ store, queue: events, databaseReachable, depth, rate, metrics, onProblem: problem }),
  };
};

const lifecycle = (common: Common, files: readonly WatchedFile<unknown>[], drain: Drain | null): Service => {
  const { app, config, connections, watch } = common;
  const metricsServer = createMetricsServer(common);
  return {
    app,
    start: async () => {
      await Promise.all(files.map((file) => file.start()));
      await watch.monitor.start(PATIENCE_MS);
      drain?.start();
      await metricsServer?.listen({ host: '0.0.0.0', port: config.ports.metrics });
      await app.listen({ host: '0.0.0.0', port: config.ports.http });
    },
    stop: async () => {
      watch.draining = true;
      // A connection whose request was running becomes idle only now, and would be kept alive for as long as the client likes.
      const idle = setInterval(() => app.server.closeIdleConnections(), IDLE_LOOK_MS);
      await app.close();
      clearInterval(idle);
      await drain?.stop();
      watch.monitor.stop();
      for (const file of files) file.stop();
      await metricsServer?.close();
      await connections.close();
    },
  };
};

/** On a port of its own, what is counted is not for users; on the same one it is where the description says. @returns null: it is on the same one */
const createMetricsServer = ({ app, config, metrics: { registry } }: Common): FastifyInstance | null => {
  const isShared = config.ports.metrics === config.ports.http;
  const server = isShared ? app : fastify({ logger: false, forceCloseConnections: true });
  server.get(config.interface.metrics ?? '/metrics', async (_request, reply) => reply.type(registry.contentType).send(await registry.metrics()));
  return isShared ? null : server;
};
