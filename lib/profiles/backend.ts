/** A service in general: HTTP, PostgreSQL, Redis. The reference backend of this repository is one (examples/backend). */
import type { WorkloadAlert } from '../topology/types-workloads';
import { minutes } from '../topology/units';
import { adjusted, type Profile, type ProfileInput } from './profile';

const ALERTS: readonly WorkloadAlert[] = [
  {
    name: 'EventsAreNotStored',
    requirements: ['NR-3', 'NR-6'],
    severity: 'SEV-1',
    expression: 'max(backend_degraded{job="$job",part="database"}) > 0',
    for: minutes(1),
    summary: 'The database is away: events are kept in Redis until it returns, and nothing else is written.',
  },
  {
    name: 'CacheIsAway',
    requirements: ['NR-4', 'NR-6'],
    severity: 'SEV-3',
    expression: 'max(backend_degraded{job="$job",part="cache"}) > 0',
    for: minutes(1),
    summary: 'Redis is away: sessions come from the database, about ten times slower.',
  },
];

/** @example const shop = backend({ image: 'holdfast/backend' }); */
export const backend = (input: ProfileInput): Profile => ({
  workloads: [
    adjusted(
      {
        name: 'backend',
        image: input.image,
        needs: ['database', 'cache'],
        databaseConnections: 20,
        scaling: { queue: { metric: 'backend_queue_depth', perReplica: 1000, backpressureAt: 10_000 } },
        // An order that does not exist: answered from the database, as a user's would be. A health path would find neither errors nor delays.
        rollout: { analysis: { path: '/orders/00000000-0000-4000-8000-000000000000' } },
        public: {
          paths: ['/'],
          endpoints: [
            { method: 'POST', path: '/orders' },
            { method: 'POST', path: '/receipts' },
          ],
        },
        alerts: ALERTS,
      },
      input,
    ),
  ],
  retention: [],
  requirements: ['CS-3', 'CS-4', 'CS-7', 'PW-1', 'PW-3', 'PW-4', 'PW-5', 'PW-9', 'PO-1', 'NR-3', 'NR-4'],
  drills: ['primary-node-dies', 'node-drained', 'redis-master-dies', 'connections-exhausted'],
});
