import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Intake } from '../events/intake';
import type { EventStore } from '../events/store';
import { remaining } from './server';
import { parse } from './validation';

const event = z.strictObject({
  id: z.string().regex(/^[\x21-\x7e]{1,128}$/, 'needed: 1 to 128 visible ASCII characters, the same whenever this event is sent again'),
  type: z.string().min(1).max(100),
  payload: z.record(z.string(), z.json()).default({}),
});
const query = z.object({ prefix: z.string().max(128).default('') });

export const eventRoutes = (app: FastifyInstance, intake: Intake, store: EventStore): void => {
  app.post('/events', async (request, reply) => {
    const accepted = parse(event, request.body);
    const where = await intake.accept(accepted, () => remaining(request));
    return reply.code(where === 'stored' ? 201 : 202).send({ id: accepted.id, where });
  });

  app.get('/events/count', async (request) => {
    const { prefix } = parse(query, request.query);
    const [stored, queued] = await Promise.all([store.count(prefix, remaining(request)), intake.depth().catch(() => null)]);
    return { stored, queued };
  });
};
