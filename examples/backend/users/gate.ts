import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Clock } from '../clock';
import { Problem } from '../http/problem';
import { parse } from '../http/validation';
import type { Switches } from '../limits/files';
import type { RateLimiter } from '../limits/limiter';
import type { Metrics } from '../metrics';
import { DID_PATTERN, publicKeyOf, signatureHolds } from './did';
import type { Suspects } from './suspects';

declare module 'fastify' {
  interface FastifyRequest {
    /** The body as it came: what a signature is over. */
    rawBody: Buffer | undefined;
    /** Who has proven to be this; null: nobody in particular. */
    user: string | null;
  }
}

export interface GateParts {
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly suspects: Suspects;
  readonly limiter: RateLimiter;
  readonly switches: () => Switches;
  /** Not a user's. */
  readonly isOperational: (url: string) => boolean;
}

type Suspicious = Pick<GateParts, 'suspects' | 'metrics'>;

const MAX_SKEW_MS = 60_000;
export const SIGNATURE_PATTERN = /^[A-Za-z0-9_-]{86}$/;
const signed = z.object({
  'x-user': z.string().regex(DID_PATTERN, 'needed: did:key of an Ed25519 key'),
  'x-timestamp': z.string().regex(/^\d{13}$/, 'needed: milliseconds since 1970'),
  'x-signature': z.string().regex(SIGNATURE_PATTERN, 'needed: 64 bytes in base64url'),
});

/** What a user signs: this request, at this time, with this body. */
export const signedText = (method: string, url: string, timestamp: string, body: Uint8Array): string =>
  [method, url, timestamp, createHash('sha256').update(body).digest('hex')].join('\n');

/** Whom a request counts for: the user, or the address where nobody is named. */
export const subjectOf = (request: FastifyRequest): string => request.user ?? request.ip;

export const refuseBlocked = (user: string, { blockedUsers }: Switches, now: number): void => {
  const blocked = blockedUsers.some((one) => one.user === user && (one.until === null || Date.parse(one.until) > now));
  if (blocked) throw new Problem(403, 'user_blocked', 'this user is blocked');
};

/** @throws Problem 403 before the body has been read */
export const refuseKnownSuspects = ({ suspects, metrics }: Suspicious, address: string): void => refuse(metrics, suspects.knownFor(address));

/** @throws Problem 403 before anything of the request has been verified */
export const refuseSuspects = async ({ suspects, metrics }: Suspicious, address: string, user: string): Promise<void> => {
  refuse(metrics, await suspects.refusedFor(address, user));
};

const refuse = (metrics: Metrics, seconds: number): void => {
  if (seconds === 0) return;
  metrics.sourcesRefused.inc({ by: 'invalid_signatures' });
  throw new Problem(403, 'source_blocked', 'too many invalid signatures came from here', { retryAfterSeconds: seconds });
};

/** In this order, the cheapest first: who is known to be bad, what is malformed, who is blocked, the signature, and then how much of it there may be. */
export const guardRequests = (app: FastifyInstance, parts: GateParts, maxBody: () => number | undefined): void => {
  app.decorateRequest('rawBody', undefined);
  app.decorateRequest('user', null);
  keepRawBody(app, maxBody);
  app.addHook('onRequest', async (request) => {
    const user = request.headers['x-user'];
    if (parts.isOperational(request.url) || typeof user !== 'string') return;
    await refuseSuspects(parts, request.ip, user);
  });
  app.addHook('preHandler', async (request) => {
    if (parts.isOperational(request.url)) return;
    if (request.headers['x-user'] !== undefined) request.user = await authenticate(parts, request);
    await parts.limiter.admit({ subject: subjectOf(request), method: request.method, route: request.routeOptions.url ?? 'none' });
  });
};

const keepRawBody = (app: FastifyInstance, maxBody: () => number | undefined): void => {
  const parseJson = app.getDefaultJsonParser('error', 'error');
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    const most = maxBody();
    if (most !== undefined && body.length > most) return done(new Problem(413, 'body_too_large', `given ${body.length} bytes; allowed: ${most}`));
    request.rawBody = body as Buffer;
    void parseJson(request, body.toString(), done);
  });
};

const authenticate = async (parts: GateParts, request: FastifyRequest): Promise<string> => {
  const { 'x-user': user, 'x-timestamp': timestamp, 'x-signature': signature } = parse(signed, request.headers);
  refuseBlocked(user, parts.switches(), parts.clock.now());
  if (Math.abs(Number(timestamp) - parts.clock.now()) > MAX_SKEW_MS) {
    throw new Problem(401, 'stale_signature', `X-Timestamp is more than ${MAX_SKEW_MS / 1000} s away from this service's time`);
  }
  const text = signedText(request.method, request.url, timestamp, request.rawBody ?? Buffer.alloc(0));
  await verifyOrAccuse(parts, { address: request.ip, user, text, signature });
  return user;
};

export interface Claim {
  readonly address: string;
  readonly user: string;
  readonly text: string;
  readonly signature: string;
}

/** @throws Problem 401, and the source has one more against it */
export const verifyOrAccuse = async ({ suspects, metrics }: Suspicious, { address, user, text, signature }: Claim): Promise<void> => {
  const key = publicKeyOf(user);
  const holds = key !== null && (await signatureHolds(key, text, signature));
  metrics.signaturesVerified.inc({ result: holds ? 'valid' : 'invalid' });
  if (holds) return;
  await suspects.accuse(address, user);
  throw new Problem(401, 'invalid_signature', 'the signature is not that of this user over this request', { headers: { 'x-invalid-signature': '1' } });
};
