import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Database } from '../database/database';
import { Problem } from './problem';
import { remaining } from './server';
import { parse } from './validation';

const order = z.strictObject({ item: z.string().min(1).max(200), quantity: z.number().int().min(1).max(10_000) });
const headers = z.object({
  'idempotency-key': z.string().regex(/^[\x21-\x7e]{1,128}$/, 'needed: 1 to 128 visible ASCII characters, the same whenever this order is sent again'),
});
const parameters = z.object({ id: z.uuid() });

interface OrderRow {
  readonly id: string;
  readonly item: string;
  readonly quantity: number;
  readonly fingerprint: string;
  readonly repeats: number;
  readonly created_at: Date;
}

/**
 * The key is in the row that it protects, so both come into being in one transaction or not at all. An order that is already there is written to again (`repeats`), not
 * only read: a row can be seen before a standby has it, and the answer to a write comes when a standby has all that was written before.
 */
const PLACE = `
INSERT INTO orders AS present (owner, idempotency_key, fingerprint, item, quantity) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (owner, idempotency_key) DO UPDATE SET repeats = present.repeats + 1
RETURNING id, item, quantity, fingerprint, repeats, created_at`;
const FIND = 'SELECT id, item, quantity, fingerprint, repeats, created_at FROM orders WHERE id = $1 AND owner = $2';

const fingerprintOf = (body: z.infer<typeof order>): string =>
  createHash('sha256')
    .update(JSON.stringify([body.item, body.quantity]))
    .digest('hex');
const shown = ({ id, item, quantity, created_at }: OrderRow) => ({ id, item, quantity, createdAt: created_at.toISOString() });

/** @param ownerOf whose orders a request may place and see */
export const orderRoutes = (app: FastifyInstance, database: Database, ownerOf: (request: FastifyRequest) => string): void => {
  app.post('/orders', async (request, reply) => {
    const body = parse(order, request.body);
    const key = parse(headers, request.headers)['idempotency-key'];
    const fingerprint = fingerprintOf(body);
    const { rows } = await database.retried<OrderRow>(
      { text: PLACE, values: [ownerOf(request), key, fingerprint, body.item, body.quantity] },
      remaining(request),
    );
    const [placed] = rows;
    if (placed === undefined) throw new Error('an upsert returned no row');
    if (placed.fingerprint !== fingerprint) throw new Problem(422, 'key_used_for_another_order', 'this Idempotency-Key was used for another order');
    return reply.code(placed.repeats === 0 ? 201 : 200).send(shown(placed));
  });

  app.get('/orders/:id', async (request) => {
    const { id } = parse(parameters, request.params);
    const { rows } = await database.retried<OrderRow>({ text: FIND, values: [id, ownerOf(request)] }, remaining(request));
    const [found] = rows;
    if (found === undefined) throw new Problem(404, 'not_found', `there is no order ${id} of yours`);
    return shown(found);
  });
};
