import fastify, { type FastifyInstance } from 'fastify';
import { shiftedClock, systemClock } from './clock';
import type { Config } from './config';
import { PooledDatabase } from './database/pool';
import { ensureSchema } from './database/schema';
import { Faults } from './faults';
import { Monitor } from './health/monitor';
import { readiness } from './health/readiness';
import { faultRoutes } from './http/faults';
import { healthRoutes } from './http/health';
import { orderRoutes } from './http/orders';
import { createServer } from './http/server';
import { createMetrics, type Metrics } from './metrics';

const CHECK_TIMEOUT_MS = 1000;

export interface Service {
  readonly app: FastifyInstance;
  start(): Promise<void>;
  /** Not ready any more, no new connections, what was begun is finished. */
  stop(): Promise<void>;
}

/** Wires the parts; connects to nothing. */
export const createService = (config: Config): Service => {
  const metrics = createMetrics();
  const faults = new Faults(config.faults);
  const clock = shiftedClock(systemClock, () => faults.current.clockOffsetMs);
  const app = createServer({ config, metrics, faults });
  const database =
    config.database === null ? null : new PooledDatabase(config.database, metrics, (error) => app.log.warn({ err: error }, 'an idle connection broke'));
  let schemaMade = false;
  const checkDatabase = async (): Promise<void> => {
    if (database === null) return;
    if (!schemaMade) await ensureSchema(database);
    schemaMade = true;
    await database.once({ text: 'SELECT 1' }, CHECK_TIMEOUT_MS);
  };
  const monitor = new Monitor(database === null ? {} : { database: checkDatabase }, metrics, (part, state) =>
    app.log.warn({ part, ...state }, 'a part changed'),
  );
  let draining = false;
  const readinessNow = () => {
    const state = monitor.state('database');
    const databaseLostMs = state === undefined || state.reachable ? 0 : performance.now() - state.since;
    const lost = monitor.parts.filter((part) => !monitor.reachable(part));
    return readiness({ draining, unready: faults.current.unready, needs: config.readyNeeds, lost, databaseLostMs, aPeerHasDatabase: false });
  };
  healthRoutes(app, { config, monitor, readiness: readinessNow, details: () => ({ time: new Date(clock.now()).toISOString() }) });
  faultRoutes(app, faults);
  if (database !== null) orderRoutes(app, database, () => 'anyone');
  const metricsServer = createMetricsServer(metrics);

  return {
    app,
    start: async () => {
      await monitor.start();
      await metricsServer.listen({ host: '0.0.0.0', port: config.ports.metrics });
      await app.listen({ host: '0.0.0.0', port: config.ports.http });
    },
    stop: async () => {
      draining = true;
      monitor.stop();
      await app.close();
      await metricsServer.close();
      await database?.close();
    },
  };
};

/** On a port of its own: what is counted is not for users. */
const createMetricsServer = ({ registry }: Metrics): FastifyInstance => {
  const server = fastify({ logger: false, forceCloseConnections: true });
  server.get('/metrics', async (_request, reply) => reply.type(registry.contentType).send(await registry.metrics()));
  return server;
};
