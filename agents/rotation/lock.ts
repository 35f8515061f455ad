/** One rotation at a time: a Lease in the cluster, which outlives nobody who holds it by more than a quarter of a minute. */
import { NAMESPACE } from '../../lib/topology/derive';
import { leasesPath, leaseSpec, newLease, type Lease } from '../kubernetes-lease';
import { RotationError, statusOf, type World } from './ports';

const LEASES = leasesPath(NAMESPACE);
const NAME = 'holdfast-rotation';
const DURATION_SECONDS = 15;
const RENEW_EVERY_MS = 4_000;

const spec = (holder: string, now: number): object => leaseSpec(holder, DURATION_SECONDS, now);

/** @throws RotationError when somebody else rotates */
const acquire = async ({ cluster, now }: World, holder: string): Promise<void> => {
  try {
    await cluster.create(LEASES, newLease(NAMESPACE, NAME, spec(holder, now())));
    return;
  } catch (error) {
    if (statusOf(error) !== 409) throw error;
  }
  const lease = await cluster.get<Lease>(`${LEASES}/${NAME}`);
  const age = now() - Date.parse(lease.spec.renewTime ?? new Date(0).toISOString());
  const held = lease.spec.holderIdentity;
  if (held !== undefined && held !== null && held !== holder && age < DURATION_SECONDS * 1000) throw busy(held);
  try {
    // Refused if somebody else took it since it was read.
    await cluster.patch(`${LEASES}/${NAME}`, { metadata: { resourceVersion: lease.metadata.resourceVersion }, spec: spec(holder, now()) });
  } catch (error) {
    throw statusOf(error) === 409 ? busy('another command') : error;
  }
};

const busy = (holder: string): RotationError =>
  new RotationError(
    `a rotation is running (${holder}); two at once are refused. Wait for it; if it died, its lock ends ${DURATION_SECONDS} s after its last sign of life`,
  );

/**
 * Runs `work` as the only rotation. Its signal fires when the lock could not be renewed in time: nobody may act then.
 * @throws RotationError when somebody else rotates
 */
export const withLock = async <T>(world: World, holder: string, work: (world: World) => Promise<T>): Promise<T> => {
  await acquire(world, holder);
  const lost = new AbortController();
  let renewedAt = world.now();
  const renew = async (): Promise<void> => {
    try {
      const at = world.now();
      await world.cluster.patch(`${LEASES}/${NAME}`, { spec: spec(holder, at) });
      renewedAt = at;
    } catch (error) {
      world.progress(`the lock was not renewed: ${error instanceof Error ? error.message : String(error)}`);
      if (world.now() - renewedAt > (DURATION_SECONDS - 4) * 1000) lost.abort(new RotationError('the lock was lost; nothing is lost, go on with --resume'));
    }
  };
  const timer = setInterval(() => void renew(), RENEW_EVERY_MS);
  try {
    return await work({ ...world, signal: AbortSignal.any([world.signal, lost.signal]) });
  } finally {
    clearInterval(timer);
    await world.cluster.patch(`${LEASES}/${NAME}`, { spec: { holderIdentity: null, renewTime: null } });
  }
};
