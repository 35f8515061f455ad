import type { FastifyInstance } from 'fastify';
import type { Database } from '../database/database';
import type { Interface } from '../interface';
import { unavailable } from './problem';
import { remaining } from './server';

/** What a request of a user goes through: the database where there is one, else the cache. */
export interface Reach {
  readonly database: Database | null;
  readonly cache: (() => Promise<unknown>) | null;
}

/** A route of the service itself. */
export interface KnownRoute {
  readonly method: string | string[];
  /** A segment that begins with a colon is any. */
  readonly url: string;
}

const answers = ({ method, url }: KnownRoute, asked: string, path: string): boolean => {
  const [segments, given] = [url.split('/'), path.split('/')];
  return [method].flat().includes(asked) && segments.length === given.length && segments.every((s, i) => s.startsWith(':') || s === given[i]);
};

/** Routes that the description names and this service has no meaning for: each goes through what the service needs, and fails when that is away, as a user's request would. */
export const declaredRoutes = (app: FastifyInstance, { routes }: Pick<Interface, 'routes'>, known: readonly KnownRoute[], { database, cache }: Reach): void => {
  for (const { method, path } of routes) {
    if (known.some((route) => answers(route, method, path))) continue;
    app.route({
      method,
      url: path,
      handler: async (request) => {
        if (database !== null) await database.retried({ text: 'SELECT 1' }, remaining(request));
        else if (cache !== null)
          await cache().catch(() => {
            throw unavailable('cache_unavailable', 'the cache has not answered; the same request may be sent again');
          });
        return { route: path, standIn: true, through: database === null ? (cache === null ? null : 'cache') : 'database' };
      },
    });
  }
};
