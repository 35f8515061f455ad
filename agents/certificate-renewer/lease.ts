/** One renewer at a time: a Lease in the cluster, renewed while it is held; whoever died with it blocks nobody for longer than its duration. */
import { leasesPath, leaseSpec, newLease, type Lease } from '../kubernetes-lease';
import { ApiError, type Kubernetes } from '../restore/kubernetes';

const DURATION_SECONDS = 30;
const RENEW_EVERY_MS = 10_000;

export interface LeaseOptions {
  readonly api: Kubernetes;
  readonly namespace: string;
  readonly name: string;
  readonly holder: string;
  readonly now: () => number;
}

const spec = (holder: string | null, now: number): object => leaseSpec(holder, DURATION_SECONDS, now);

/** Somebody else holds it. */
export class LeaseHeldError extends Error {
  override readonly name = 'LeaseHeldError';
}

const acquire = async ({ api, namespace, name, holder, now }: LeaseOptions): Promise<void> => {
  const leases = leasesPath(namespace);
  if (await api.create(leases, newLease(namespace, name, spec(holder, now())))) return;
  const lease = await api.get<Lease>(`${leases}/${name}`);
  const { holderIdentity, renewTime } = lease.spec;
  const age = now() - Date.parse(renewTime ?? new Date(0).toISOString());
  if (typeof holderIdentity === 'string' && holderIdentity !== holder && age < DURATION_SECONDS * 1000) throw new LeaseHeldError(`held by ${holderIdentity}`);
  try {
    // Refused if somebody else took it since it was read.
    await api.patch(`${leases}/${name}`, { metadata: { resourceVersion: lease.metadata.resourceVersion }, spec: spec(holder, now()) });
  } catch (error) {
    throw error instanceof ApiError && error.status === 409 ? new LeaseHeldError('taken by another at the same moment') : error;
  }
};

/**
 * Works while nobody else does. The signal fires when the lease could not be renewed in time: what is under way must end.
 * @throws LeaseHeldError when somebody else holds it
 */
export const holding = async <T>(options: LeaseOptions, signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> => {
  await acquire(options);
  const { api, namespace, name, holder, now } = options;
  const path = `${leasesPath(namespace)}/${name}`;
  const lost = new AbortController();
  let renewedAt = now();
  const renew = async (): Promise<void> => {
    const at = now();
    try {
      await api.patch(path, { spec: spec(holder, at) });
      renewedAt = at;
    } catch (error) {
      if (now() - renewedAt > (DURATION_SECONDS - RENEW_EVERY_MS / 1000) * 1000) lost.abort(error);
    }
  };
  const timer = setInterval(() => void renew(), RENEW_EVERY_MS);
  try {
    return await work(AbortSignal.any([signal, lost.signal]));
  } finally {
    clearInterval(timer);
    // The next one need not wait; if this fails it waits until the lease has run out.
    await api.patch(path, { spec: spec(null, now()) }).catch(() => undefined);
  }
};
