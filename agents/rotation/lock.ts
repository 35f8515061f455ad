/** One rotation at a time. */
import { NAMESPACE } from '../../lib/topology/derive';
import { holding, LeaseHeldError, LeaseLostError, type LeaseOptions } from '../held-lease';
import { statusOf } from '../http-status';
import type { LeaseCluster } from '../kubernetes-lease';
import { RotationError, type Cluster, type World } from './ports';

const NAME = 'holdfast-rotation';
const DURATION_SECONDS = 15;
const RENEW_EVERY_SECONDS = 4;

const leaseCluster = (cluster: Cluster): LeaseCluster => ({
  find: async <T>(path: string) => {
    try {
      return await cluster.get<T>(path);
    } catch (error) {
      if (statusOf(error) === 404) return undefined;
      throw error;
    }
  },
  create: async (path, object) => {
    try {
      await cluster.create(path, object);
      return true;
    } catch (error) {
      if (statusOf(error) === 409) return false;
      throw error;
    }
  },
  patch: (path, change) => cluster.patch(path, change),
});

const busy = (because: string): RotationError =>
  new RotationError(
    `a rotation is running (${because}); two at once are refused. Wait for it; if it died, its lock ends ${DURATION_SECONDS} s after its last sign of life`,
  );

/**
 * Runs `work` as the only rotation. Its signal fires when the lock is lost: nobody may act then, nothing is lost, and `--resume` goes on.
 * @throws RotationError when somebody else rotates
 */
export const withLock = async <T>(world: World, holder: string, work: (world: World) => Promise<T>): Promise<T> => {
  const { cluster, now, sleep, progress: log } = world;
  const timings = { durationSeconds: DURATION_SECONDS, renewEverySeconds: RENEW_EVERY_SECONDS };
  const lease: LeaseOptions = { cluster: leaseCluster(cluster), namespace: NAMESPACE, name: NAME, holder, now, sleep, log, ...timings };
  try {
    return await holding(lease, world.signal, (signal) => work({ ...world, signal }));
  } catch (error) {
    if (error instanceof LeaseHeldError) throw busy(error.message);
    throw error instanceof LeaseLostError ? new RotationError(`${error.message}; nothing is lost, go on with --resume`) : error;
  }
};
