import type { FastifyInstance, FastifyReply, FastifyRequest, RouteHandlerMethod } from 'fastify';
import type { Config } from '../config';
import type { Monitor } from '../health/monitor';
import type { Readiness } from '../health/readiness';

export interface HealthParts {
  readonly config: Config;
  readonly monitor: Monitor;
  readonly readiness: () => Readiness;
  readonly details: () => Readonly<Record<string, unknown>>;
}

export const healthRoutes = (app: FastifyInstance, { config, monitor, readiness, details }: HealthParts): void => {
  // The process runs and its event loop turns; nothing else, since a restart cures nothing else.
  const answerLiveness = () => ({ status: 'live' });
  app.get('/health/live', answerLiveness);

  const answerReadiness = async (_request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const now = readiness();
    return reply.code(now.ready ? 200 : 503).send(now);
  };
  app.get('/health/ready', answerReadiness);

  app.get('/health', async (_request, reply) => {
    const now = readiness();
    const parts = Object.fromEntries(monitor.parts.map((part) => [part, monitor.state(part) ?? null]));
    return reply.code(now.ready ? 200 : 503).send({ ...now, ...config.identity, uptimeSeconds: Math.round(process.uptime()), parts, ...details() });
  });

  // Where a description has its probes elsewhere. One path for both says what readiness says.
  const elsewhere = (paths: readonly string[], handler: RouteHandlerMethod): void => {
    for (const url of paths) if (!app.hasRoute({ method: 'GET', url })) app.get(url, handler);
  };
  elsewhere(config.interface.readiness, answerReadiness);
  elsewhere(config.interface.liveness, answerLiveness);
};
