import type { Agent } from 'node:https';
import { exchange } from './http';

/**
 * Asks a member whether it is a running primary. OPTIONS, because Patroni logs a traceback when a client gives a GET up.
 * @returns the HTTP status; 200 only on a primary that holds the leader key and runs
 * @throws Error when it does not answer
 */
export const askPrimary = async (primaryUrl: string, agent: Agent, timeoutMs: number): Promise<number> =>
  (await exchange({ method: 'OPTIONS', url: primaryUrl, agent, timeoutMs })).status;
