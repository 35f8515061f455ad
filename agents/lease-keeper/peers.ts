/** The failsafe's question to the other regions. */
import type { Agent } from 'node:https';
import type { Vouch } from '../../lib/failover/vouch';
import type { PeerConfig, RegionsConfig } from '../../lib/services/follower';
import { exchange } from '../follower/http';

const parseVouch = (body: string): Vouch => {
  const value: unknown = JSON.parse(body);
  const { vouches, because } = (typeof value === 'object' && value !== null ? value : {}) as Partial<Record<keyof Vouch, unknown>>;
  if (typeof vouches !== 'boolean' || typeof because !== 'string') throw new Error('that is no answer to the question whether a region vouches');
  return { vouches, because };
};

export interface PeersPorts {
  readonly regions: RegionsConfig;
  readonly agent: () => Agent;
  readonly timeoutMs: number;
}

/** One for every other region; undefined: it gave no answer. Any of a region's doors speaks for it: each reads the region's etcd after the question has arrived. */
export const askPeers = ({ regions, agent, timeoutMs }: PeersPorts, epoch: number): Promise<readonly (Vouch | undefined)[]> => {
  const ask = async (address: string): Promise<Vouch> => {
    const url = `https://${address}:${regions.statusPort}/vouch?for=${encodeURIComponent(regions.self)}&epoch=${epoch}`;
    const { status, body } = await exchange({ method: 'GET', url, agent: agent(), timeoutMs });
    if (status !== 200) throw new Error(`${address} answered ${status}`);
    return parseVouch(body);
  };
  const askRegion = (peer: PeerConfig): Promise<Vouch | undefined> => Promise.any(peer.status.map(ask)).catch(() => undefined);
  return Promise.all(regions.peers.map(askRegion));
};
