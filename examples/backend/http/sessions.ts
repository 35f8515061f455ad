import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Session, Sessions } from '../sessions/sessions';
import { Problem } from './problem';
import { remaining } from './server';
import { parse } from './validation';

const asked = z.strictObject({ subject: z.string().min(1).max(200) });
const parameters = z.object({ id: z.uuid() });

const shown = ({ id, subject, expiresAt }: Session) => ({ id, subject, expiresAt: new Date(expiresAt).toISOString() });

export const sessionRoutes = (app: FastifyInstance, sessions: Sessions): void => {
  app.post('/sessions', async (request, reply) => {
    const { subject } = parse(asked, request.body);
    return reply.code(201).send(shown(await sessions.create(subject)));
  });

  app.get('/sessions/:id', async (request, reply) => {
    const { id } = parse(parameters, request.params);
    const found = await sessions.find(id, () => remaining(request));
    if (found === undefined) throw new Problem(404, 'not_found', 'there is no such session, or not any more');
    return reply.header('x-served-from', found.from).send(shown(found.session));
  });
};
