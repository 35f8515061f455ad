/** One look at a region's public entrance, as a client would see it. */
import type { PublicHealth } from '../../lib/failover/failover-ports';
import type { FailoverSettings } from '../../lib/failover/settings';
import { exchange } from './https';

/** Milliseconds at most, the certificate's check included; and never longer than the pause between two looks, which would wait for it. */
const TIMEOUT = 2000;

/** What failed on this side says nothing about the other: a name that this machine could not resolve because nobody answered it. */
const OURS = ['EAI_AGAIN', 'EMFILE', 'ENOBUFS'];

const isOurs = (error: unknown): boolean => error instanceof Error && 'code' in error && OURS.includes(String(error.code));

export const publicHealthOf =
  ({ regions, decision }: Pick<FailoverSettings, 'regions' | 'decision'>, timeout = Math.min(TIMEOUT, decision.every * 1000)) =>
  async (name: string): Promise<PublicHealth> => {
    const region = regions.find((r) => r.name === name);
    if (region === undefined) return 'unknown';
    try {
      const { status } = await exchange(`https://${region.publicHost}${region.healthPath}`, { method: 'GET', agent: false }, { total: timeout });
      return status === 200 ? 'healthy' : 'unhealthy';
    } catch (error) {
      return isOurs(error) ? 'unknown' : 'unhealthy';
    }
  };
