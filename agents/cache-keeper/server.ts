import { createServer, type Server } from 'node:http';
import type { CacheStatus } from '../../lib/services/cache-keeper';

/** A look takes at most twice the request timeout; a loop that has not turned for so long hangs. */
const HANGING_MS = 60_000;

/** What the loop leaves for the pages. */
export interface Latest {
  status: CacheStatus | undefined;
  /** Milliseconds of the monotonic clock. */
  turnedAt: number;
  steps: number;
  refusals: number;
}

const gauge = (name: string, help: string, samples: readonly (readonly [labels: string, value: number])[]): string =>
  samples.length === 0
    ? ''
    : `# HELP holdfast_cache_${name} ${help}\n# TYPE holdfast_cache_${name} gauge\n${samples.map(([labels, value]) => `holdfast_cache_${name}${labels} ${value}\n`).join('')}`;

/** Prometheus' text format. A figure that is not known is left out: it is not zero. */
export const renderMetrics = ({ status, steps, refusals }: Latest): string => {
  const nodes = status?.nodes ?? [];
  const label = (pod: string, shard: number): string => `{pod="${pod}",shard="${shard}"}`;
  return [
    gauge(
      'node_up',
      'Whether the node answers.',
      nodes.map((n) => [label(n.pod, n.shard), n.role === null ? 0 : 1]),
    ),
    gauge(
      'node_is_master',
      'Whether the node is master.',
      nodes.flatMap((n) => (n.role === null ? [] : [[label(n.pod, n.shard), n.role === 'master' ? 1 : 0] as const])),
    ),
    gauge(
      'memory_used_bytes',
      'Memory in use.',
      nodes.flatMap((n) => (n.usedMemory === null ? [] : [[label(n.pod, n.shard), n.usedMemory] as const])),
    ),
    gauge(
      'memory_max_bytes',
      'maxmemory.',
      nodes.flatMap((n) => (n.maxMemory === null ? [] : [[label(n.pod, n.shard), n.maxMemory] as const])),
    ),
    gauge(
      'replicas_in_step',
      'Replicas of a master that are in step.',
      nodes.flatMap((n) => (n.replicas === null ? [] : [[label(n.pod, n.shard), n.replicas] as const])),
    ),
    gauge(
      'shard_has_master',
      'Whether a master of the shard answers.',
      (status?.masters ?? []).map((m, shard) => [`{shard="${shard}"}`, m === null ? 0 : 1]),
    ),
    gauge('complaints', 'What is not as it should be.', status === undefined ? [] : [['', status.complaints.length]]),
    gauge('keeper_steps', 'Steps that this keeper has carried out.', [['', steps]]),
    gauge('keeper_refusals', 'Steps that a node refused.', [['', refusals]]),
  ].join('');
};

type Page = readonly [status: number, type: string, body: string];
const text = (status: number, body: string): Page => [status, 'text/plain; version=0.0.4; charset=utf-8', body];

const PAGES: Readonly<Record<string, (latest: Latest, now: number) => Page>> = {
  '/health/live': (latest, now) => (now - latest.turnedAt < HANGING_MS ? text(200, 'alive\n') : text(503, 'the loop hangs\n')),
  '/health/ready': ({ status }) => (status === undefined ? text(503, 'has not looked yet\n') : text(200, 'has looked\n')),
  '/status': ({ status }) => (status === undefined ? text(503, 'has not looked yet\n') : [200, 'application/json', `${JSON.stringify(status)}\n`]),
  '/metrics': (latest) => text(200, renderMetrics(latest)),
};

/** @throws Error (rejects) when the address is taken or not ours */
export const serve = (listen: { readonly host: string; readonly port: number }, latest: Latest, now: () => number): Promise<Server> => {
  const server = createServer((request, response) => {
    const page = PAGES[(request.url ?? '').split('?')[0] ?? ''];
    const readable = request.method === 'GET' || request.method === 'HEAD';
    const [status, type, body] = !readable ? text(405, 'GET only\n') : page === undefined ? text(404, 'not found\n') : page(latest, now());
    response.writeHead(status, { 'content-type': type }).end(body);
  });
  return new Promise((done, fail) => {
    server.once('error', fail);
    server.listen(listen.port, listen.host, () => {
      server.off('error', fail);
      done(server);
    });
  });
};
