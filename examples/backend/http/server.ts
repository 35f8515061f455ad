import fastify, { LogController, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Config } from '../config';
import type { Faults } from '../faults';
import { isOperational } from '../interface';
import type { Metrics } from '../metrics';
import { Problem } from './problem';

declare module 'fastify' {
  interface FastifyRequest {
    /** When this request must have been answered, on the monotonic clock. */
    deadlineAt: number;
  }
}

/** No body is larger, whatever the limits' file says: what is read before it is refused is bounded. */
const MAX_BODY = 1024 * 1024;
/** Longer than any proxy in front keeps an idle connection: the side that sends requests must be the one that closes. */
const KEEP_ALIVE_MS = 75_000;
const REQUEST_TIMEOUT_MS = 15_000;

export interface ServerParts {
  readonly config: Config;
  readonly metrics: Metrics;
  readonly faults: Faults;
}

/** How long this request may still take, in milliseconds. */
export const remaining = (request: FastifyRequest): number => Math.max(1, request.deadlineAt - performance.now());

/** A server that knows no route yet: what holds for all of them. */
export const createServer = ({ config, metrics, faults }: ServerParts): FastifyInstance => {
  const app = fastify({
    logger: { level: config.logLevel, base: { ...config.identity }, timestamp: () => `,"time":"${new Date().toISOString()}"` },
    // Metrics count the requests; the log tells of those that went wrong.
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: MAX_BODY,
    keepAliveTimeout: KEEP_ALIVE_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    // Only a proxy inside (a private address) may say for whom it asks.
    trustProxy: ['loopback', 'linklocal', 'uniquelocal'],
    forceCloseConnections: 'idle',
    return503OnClosing: false,
  });
  app.decorateRequest('deadlineAt', 0);
  observe(app, config, metrics);
  obey(app, faults, config);
  answerErrors(app);
  return app;
};

const observe = (app: FastifyInstance, config: Config, metrics: Metrics): void => {
  app.addHook('onRequest', (request, reply, done) => {
    request.deadlineAt = performance.now() + config.deadlineMs;
    metrics.inFlight.inc();
    reply.headers({ 'x-release': config.identity.release, 'x-pod': config.identity.pod });
    done();
  });
  app.addHook('onResponse', (request, reply, done) => {
    metrics.inFlight.dec();
    // The route's pattern, not the path: a series for every order would be one too many.
    const labels = { method: request.method, route: request.routeOptions.url ?? 'none', status: String(reply.statusCode) };
    metrics.requestSeconds.observe(labels, reply.elapsedTime / 1000);
    done();
  });
};

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** A drill's faults hit the requests of users; how the service is, and the way to heal it, stay reachable. */
const obey = (app: FastifyInstance, faults: Faults, config: Config): void => {
  app.addHook('onRequest', async (request) => {
    if (isOperational(config.interface, request.url)) return;
    const { latencyMs } = faults.current;
    if (latencyMs > 0) await pause(latencyMs);
    if (faults.failsThisRequest()) throw new Problem(500, 'fault', 'a drill asked for this error');
  });
};

const answerErrors = (app: FastifyInstance): void => {
  app.setNotFoundHandler(() => {
    throw new Problem(404, 'not_found', 'there is nothing here');
  });
  app.setErrorHandler(async (error, request, reply) => {
    const problem = problemOf(error);
    if (problem.status >= 500) request.log.error({ err: error, method: request.method, route: request.routeOptions.url, status: problem.status });
    return sendProblem(reply, problem);
  });
};

/** @returns what to say about an error; of one that is a bug, nothing that helps an attacker */
const problemOf = (error: unknown): Problem => {
  if (error instanceof Problem) return error;
  const { statusCode, message } = error as { statusCode?: number; message?: string };
  if (statusCode === 413) return new Problem(413, 'body_too_large', message ?? 'the body is too large');
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) return new Problem(statusCode, 'malformed_request', message ?? 'malformed');
  return new Problem(500, 'internal', 'an error of the service, which it has written into its log');
};

const sendProblem = (reply: FastifyReply, { status, code, message, details, headers }: Problem): FastifyReply =>
  reply
    .code(status)
    .headers(headers)
    .send({ error: code, message, ...details });
