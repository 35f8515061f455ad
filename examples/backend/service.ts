import fastify, { type FastifyInstance } from 'fastify';
import { type Clock, shiftedClock, systemClock } from './clock';
import type { Config } from './config';
import { type Connections, connectAll, seldom } from './connections';
import { Drain } from './events/drain';
import { Intake } from './events/intake';
import { RedisEventQueue } from './events/queue';
import { DatabaseEvents } from './events/store';
import { Faults } from './faults';
import { Watch } from './health/watch';
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
  });
  const gate: GateParts = { clock, metrics, suspects, limiter, switches: () => switches.current };
  guardRequests(app, gate, () => limits.current?.maxBody);
  const details = () => ({ time: new Date(clock.now()).toISOString(), pods: watch.peers.count, switches: switches.current });
  healthRoutes(app, { config, monitor: watch.monitor, readiness: () => watch.readiness(), details });
  faultRoutes(app, faults);
  const drain = addRoutes(common, gate);
  return lifecycle(common, [limits, switches], drain);
};

/** @returns what brings queued events into the database; null: there is no database or no queue */
const addRoutes = (common: Common, gate: GateParts): Drain | null => {
  const { app, config, clock, metrics, faults, connections, watch, problem } = common;
  const { database, cache, queue, guards } = connections;
  if (database === null) return null;
  orderRoutes(app, database, subjectOf);
  const cached = cache === null ? null : new CachedSessions(cache, guards.sessions, clock);
  sessionRoutes(app, new Sessions(cached, new StoredSessions(database), clock, config.sessionMs, problem));
  const nonces = cache === null ? null : new RedisNonces(cache, guards.nonces, config.challengeMs);
  const ledger = new DatabaseLedger(database);
  receiptRoutes(app, new Desk({ clock, nonces, ledger, switches: gate.switches, metrics, lifetimeMs: config.challengeMs, onProblem: problem }), gate);

  const store = new DatabaseEvents(database);
  const events = queue === null ? null : new RedisEventQueue(queue, config.identity.pod, { copies: config.events.copies, waitMs: 300 });
  const databaseReachable = (): boolean => watch.monitor.reachable('database');
  const intake = new Intake({
    store,
    queue: events,
    mode: config.events.intake,
    backpressureAt: config.events.backpressureAt,
    databaseReachable,
    metrics,
    onProblem: problem,
  });
  eventRoutes(app, intake, store);
  if (events === null) return null;
  return new Drain({
    store,
    queue: events,
    databaseReachable,
    depth: () => intake.depth(),
    rate: () => faults.current.drainPerSecond,
    metrics,
    onProblem: problem,
  });
};

const lifecycle = (common: Common, files: readonly WatchedFile<unknown>[], drain: Drain | null): Service => {
  const { app, config, metrics, connections, watch } = common;
  const metricsServer = createMetricsServer(metrics);
  return {
    app,
    start: async () => {
      await Promise.all(files.map((file) => file.start()));
      await watch.monitor.start(PATIENCE_MS);
      drain?.start();
      await metricsServer.listen({ host: '0.0.0.0', port: config.ports.metrics });
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
      await metricsServer.close();
      await connections.close();
    },
  };
};

/** On a port of its own: what is counted is not for users. */
const createMetricsServer = ({ registry }: Metrics): FastifyInstance => {
  const server = fastify({ logger: false, forceCloseConnections: true });
  server.get('/metrics', async (_request, reply) => reply.type(registry.contentType).send(await registry.metrics()));
  return server;
};
