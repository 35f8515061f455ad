/** What the gateway’s limits add to a request: its own answers with and without them, in turn, over one connection. */
import { Agent, request } from 'node:https';
import { percentile } from '../../lib/drill/workloads/measure';
import { GATEWAY_HEALTH_PATH } from '../../lib/topology/gateway';
import type { Door } from '../workload-tier/meters';

/** The slowest twenty of them decide. */
const PAIRS = 2000;

/** Both are answered by the gateway itself: the first before its limits, the second after them, because no workload takes such a method. */
const WITHOUT_LIMITS = { method: 'GET', path: GATEWAY_HEALTH_PATH, status: 200 } as const;
const WITH_LIMITS = { method: 'TRACE', path: '/', status: 405 } as const;

type Asked = typeof WITHOUT_LIMITS | typeof WITH_LIMITS;

const timed = (agent: Agent, gateway: string, { port, host }: Door, { method, path, status }: Asked): Promise<number> =>
  new Promise((resolve, reject) => {
    const began = performance.now();
    const outgoing = request({ agent, host: gateway, port, method, path, headers: { host } });
    outgoing.once('error', reject);
    outgoing.once('response', (answer) => {
      answer.resume();
      answer.once('end', () => {
        if (answer.statusCode === status) resolve((performance.now() - began) / 1000);
        else reject(new Error(`${method} ${path} was answered ${answer.statusCode ?? 0} by the gateway; allowed: ${status}`));
      });
    });
    outgoing.end();
  });

export interface AddedLatency {
  readonly p50: number;
  readonly p99: number;
}

/** @throws Error when the gateway answers something else */
export const gatewayLimitLatency = async (door: Door, gateway: string): Promise<AddedLatency> => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1, ca: door.ca, servername: door.host });
  const times: { readonly without: number[]; readonly limited: number[] } = { without: [], limited: [] };
  try {
    for (let i = 0; i < PAIRS; i++) {
      // In turn, and each first as often as the other.
      const order = i % 2 === 0 ? (['without', 'limited'] as const) : (['limited', 'without'] as const);
      for (const which of order) times[which].push(await timed(agent, gateway, door, which === 'without' ? WITHOUT_LIMITS : WITH_LIMITS));
    }
  } finally {
    agent.destroy();
  }
  const added = (p: number): number => Math.max(0, (percentile(times.limited, p) ?? 0) - (percentile(times.without, p) ?? 0));
  return { p50: added(50), p99: added(99) };
};
