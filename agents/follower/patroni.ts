import type { Agent } from 'node:https';
import { exchange } from './http';

/** What a member says of itself. */
export interface MemberAnswer {
  /** It holds the leader key, its PostgreSQL runs and has left recovery: it can take writes. */
  readonly primary: boolean;
  /** Its PostgreSQL is being stopped, or is. */
  readonly stopping: boolean;
  /** For the log. */
  readonly text: string;
}

interface Status {
  readonly role?: unknown;
  readonly state?: unknown;
}

const parse = (body: string): Status => {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
};

/**
 * Asks a member by its `/primary`. The status alone does not tell: Patroni answers 200 from the moment it holds the key, while its PostgreSQL still refuses writes.
 * @throws Error when it does not answer
 */
export const askMember = async (primaryUrl: string, agent: Agent, timeoutMs: number): Promise<MemberAnswer> => {
  const { status, body } = await exchange({ method: 'GET', url: primaryUrl, agent, timeoutMs });
  const { role, state } = parse(body);
  return {
    primary: status === 200 && role === 'primary' && state === 'running',
    stopping: state === 'stopping' || state === 'stopped',
    text: `${status}, ${String(role)}, ${String(state)}`,
  };
};
