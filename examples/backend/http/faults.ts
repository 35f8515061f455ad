import type { FastifyInstance } from 'fastify';
import { type Faults, faultsSchema } from '../faults';
import { parse } from './validation';

/** Only there with `FAULTS=1`: a service that was not started for a drill has no such route. */
export const faultRoutes = (app: FastifyInstance, faults: Faults): void => {
  if (!faults.allowed) return;
  app.get('/faults', () => faults.current);
  app.post('/faults', (request) => {
    faults.set(parse(faultsSchema, request.body ?? {}));
    request.log.warn({ faults: faults.current }, 'a drill asks for faults');
    return faults.current;
  });
  app.delete('/faults', () => {
    faults.heal();
    return faults.current;
  });
};
