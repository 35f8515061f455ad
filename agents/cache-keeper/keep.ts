import { setTimeout as sleep } from 'node:timers/promises';
import type { CacheKeeperConfig } from '../../lib/services/cache-keeper';
import { onChange, type Log } from '../follower/log';
import { carryOut } from './act';
import { operatorPassword } from './config';
import { openConnections } from './connections';
import { credentialKeeper } from './credentials';
import { decide, signature } from './decide';
import { observe } from './observe';
import { serve, type Latest } from './server';
import { statusOf } from './status';

const now = (): number => performance.now();

/** Looks, decides, acts, until it is told to stop. */
export const keep = async (config: CacheKeeperConfig, log: Log, stop: AbortSignal): Promise<void> => {
  const connections = openConnections(config, () => operatorPassword(config));
  const credentials = credentialKeeper(connections, config, log, now);
  const latest: Latest = { status: undefined, turnedAt: now(), steps: 0, refusals: 0 };
  const server = await serve(config.listen, latest, now);
  const logChange = onChange(log);
  let seen = '';
  let calmSince = now();
  try {
    while (!stop.aborted) {
      const began = now();
      const look = await observe(connections, config);
      latest.status = { ...statusOf(look, config, new Date()), reading: credentials.reading() };
      logChange('state', latest.status.complaints.length === 0 ? 'healthy' : latest.status.complaints.join('; '));
      const sight = signature(look, config);
      if (sight !== seen) [seen, calmSince] = [sight, now()];
      const steps = decide(look, config, (now() - calmSince) / 1000);
      if (!(await carryOut(connections, config, look, steps, log))) latest.refusals++;
      latest.steps += steps.length;
      if (!(await credentials.follow(look.nodes.map((node) => node.pod.name)))) latest.refusals++;
      latest.turnedAt = now();
      // Nothing to wait for after a step: the next look follows sooner.
      const pause = (steps.length > 0 ? 0.3 : 1) * config.checkIntervalSeconds * 1000;
      await sleep(Math.max(50, began + pause - now()), undefined, { signal: stop }).catch(() => undefined); // stopped meanwhile
    }
  } finally {
    server.close();
    connections.close();
  }
};
