import type { FastifyInstance, FastifyRequest, onRequestHookHandler } from 'fastify';
import { z } from 'zod';
import type { Desk } from '../receipts/desk';
import type { Receipt } from '../receipts/ledger';
import { DID_PATTERN } from '../users/did';
import { type GateParts, refuseBlocked, refuseKnownSuspects, refuseSuspects, SIGNATURE_PATTERN, verifyOrAccuse } from '../users/gate';
import { Problem } from './problem';
import { remaining } from './server';
import { parse } from './validation';

const receipt = z.strictObject({
  nonce: z.string().regex(/^[A-Za-z0-9_-]{43}$/, 'needed: the nonce of a challenge'),
  submitter: z.string().regex(DID_PATTERN, 'needed: did:key of an Ed25519 key'),
  result: z.string().regex(/^[0-9a-f]{64}$/, 'needed: SHA-256, hexadecimal'),
  signature: z.string().regex(SIGNATURE_PATTERN, 'needed: 64 bytes in base64url'),
});

/** What a submitter signs. */
export const receiptText = ({ nonce, result }: Pick<Receipt, 'nonce' | 'result'>): string => ['holdfast-receipt', nonce, result].join('\n');

export const receiptRoutes = (app: FastifyInstance, desk: Desk, gate: GateParts): void => {
  const { metrics } = gate;
  app.post('/challenges', async (_request, reply) => {
    const { nonce, expiresAt } = await desk.issue();
    return reply.code(201).send({ nonce, expiresAt: new Date(expiresAt).toISOString() });
  });

  const refuseAtOnce: onRequestHookHandler = (request, _reply, done) => {
    refuseKnownSuspects(gate, request.ip);
    done();
  };
  app.post('/receipts', { onRequest: refuseAtOnce }, async (request, reply) => {
    metrics.receiptsReceived.inc();
    const submitted = wellFormed(request, gate);
    refuseBlocked(submitted.submitter, gate.switches(), gate.clock.now());
    await refuseSuspects(gate, request.ip, submitted.submitter);
    await verifySignature(gate, request, submitted);
    const { nonceChecked } = await desk.take(submitted, () => remaining(request));
    return reply.code(201).send({ nonce: submitted.nonce, nonceChecked });
  });
};

const wellFormed = (request: FastifyRequest, { metrics }: GateParts): Receipt => {
  try {
    return parse(receipt, request.body, 'malformed_receipt');
  } catch (error) {
    if (error instanceof Problem) metrics.receiptsRejected.inc({ reason: 'malformed_receipt' });
    throw error;
  }
};

const verifySignature = async (gate: GateParts, { ip }: FastifyRequest, submitted: Receipt): Promise<void> => {
  try {
    await verifyOrAccuse(gate, { address: ip, user: submitted.submitter, text: receiptText(submitted), signature: submitted.signature });
  } catch (error) {
    if (error instanceof Problem) gate.metrics.receiptsRejected.inc({ reason: 'invalid_signature' });
    throw error;
  }
};
