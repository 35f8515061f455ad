/** Starts somebody who has the present credentials, before they are rotated. */
import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { eventsOf, type IntrusionEvent } from '../../lib/drill/secrets/events';
import { CACHE_USERS } from '../../lib/services/cache-users';
import { PATRONI_ROLES } from '../../lib/services/patroni';
import { partnerOf, rolePair } from '../../lib/services/rotation/roles';
import { CACHE_PORT } from '../../lib/topology/cache-placement';
import { POOLER_PORT, POSTGRES_PORT } from '../../lib/topology/derive';
import { completeLines } from '../drill/meters';
import type { ProcedureContext } from '../drill/procedures/procedure';
import { podsOf } from '../health';
import { netnsPath } from '../hosts/network';
import { projectRoot } from '../kubernetes/scripts';
import type { IntruderConfiguration } from '../meter/intruder-configuration';

export interface Intruder {
  readonly stop: () => Promise<{ readonly intrusions: readonly IntrusionEvent[]; readonly keptSessionAlive: boolean }>;
}

const EVERY_SECONDS = 0.2;
/** A handshake with each node for each user: more often would load the machine. */
const CACHE_EVERY_SECONDS = 1;

const configurationOf = async ({ lab, api, credentials }: ProcedureContext): Promise<IntruderConfiguration> => {
  const { database, applicationRole } = lab.region.postgres;
  const [poolers, members] = await Promise.all([podsOf(api, 'pgbouncer'), podsOf(api, 'postgres')]);
  const application = { user: credentials.applicationUser, password: credentials.application, database, replication: false };
  // The pairs are changed together: the same half is in use everywhere.
  const first = credentials.applicationUser === rolePair(applicationRole)[0];
  const replicator = first ? PATRONI_ROLES.replication : partnerOf(PATRONI_ROLES.replication, PATRONI_ROLES.replication);
  const replication = { user: replicator, password: credentials.replication, database: 'postgres', replication: true };
  const at = (pods: typeof poolers, port: number): { name: string; host: string; port: number }[] =>
    pods.flatMap((p) => (p.status.podIP === undefined ? [] : [{ name: p.metadata.name, host: p.status.podIP, port }]));
  const memberDoors = at(members, POSTGRES_PORT);
  const [keep] = memberDoors;
  if (keep === undefined) throw new Error('no member has an address');
  return {
    doors: [
      ...[...at(poolers, POOLER_PORT), ...memberDoors].map((door) => ({ ...door, ...application })),
      ...memberDoors.map((door) => ({ ...door, ...replication })),
    ],
    keep: { ...keep, ...application },
    everySeconds: EVERY_SECONDS,
    ...(await cacheDoors(api, credentials.cache)),
    cacheEverySeconds: CACHE_EVERY_SECONDS,
  };
};

/** Every node of the cache, as the application and as the operator, whose password opens everything. */
const cacheDoors = async (
  api: ProcedureContext['api'],
  passwords: ProcedureContext['credentials']['cache'],
): Promise<Pick<IntruderConfiguration, 'cacheDoors' | 'keepCache'>> => {
  const nodes = (await podsOf(api, 'cache')).flatMap((p) =>
    p.status.podIP === undefined ? [] : [{ name: p.metadata.name, host: p.status.podIP, port: CACHE_PORT }],
  );
  const doors = nodes.flatMap((node) =>
    (['application', 'operator'] as const).map((user) => ({ ...node, user: CACHE_USERS[user], password: passwords[user] })),
  );
  return { cacheDoors: doors, keepCache: doors[0] ?? null };
};

export const startIntruder = async (context: ProcedureContext): Promise<Intruder> => {
  const [node] = context.lab.nodes;
  if (node === undefined) throw new Error('the lab has no node');
  const file = join(context.directory, 'intruder.jsonl');
  const bundle = join(projectRoot(), 'dist', 'meter-intruder.js');
  const configuration = await configurationOf(context);
  const child = spawn('nsenter', [`--net=${netnsPath(node.netns)}`, process.execPath, bundle, JSON.stringify(configuration)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  child.stdout.pipe(createWriteStream(file));
  const ended = new Promise<void>((resolve) => child.on('close', () => resolve()));
  return {
    stop: async () => {
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), 5000);
      await ended;
      clearTimeout(timer);
      const lines = await completeLines(file);
      const last = (where: string): string | undefined =>
        lines.filter((line) => line.includes('"kind":"kept-session"') && line.includes(`"where":"${where}"`)).at(-1);
      const kept = ['database', ...(configuration.keepCache === null ? [] : ['cache'])].map(last);
      // Never seen is as bad as alive: it proves nothing.
      const keptSessionAlive = kept.some((line) => line?.includes('"alive":false') !== true);
      return { intrusions: eventsOf<IntrusionEvent>(lines, 'intrusion'), keptSessionAlive };
    },
  };
};
