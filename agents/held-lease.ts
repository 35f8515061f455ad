/**
 * Work that one process does at a time: a Lease in the cluster, renewed while the work lasts. It is taken, renewed and given back only as it was last read, so that
 * nobody overwrites somebody else's; whoever died with it blocks nobody for longer than its duration and one look.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { reasonOf } from './follower/log';
import { statusOf } from './http-status';
import { leasesPath, leaseSpec, newLease, type Lease, type LeaseCluster } from './kubernetes-lease';

export interface LeaseOptions {
  readonly cluster: LeaseCluster;
  readonly namespace: string;
  readonly name: string;
  /** Unlike any other process's. */
  readonly holder: string;
  readonly durationSeconds: number;
  /** At most a third of the duration. */
  readonly renewEverySeconds: number;
  /** Wall clock, milliseconds: what others read in the Lease. */
  readonly now: () => number;
  /** Told of every renewal that failed. */
  readonly log: (line: string) => void;
  /** @default - a timer */
  readonly sleep?: (seconds: number) => Promise<void>;
}

/** Somebody else holds it. */
export class LeaseHeldError extends Error {
  override readonly name = 'LeaseHeldError';
}

/** It was held and is not any more: what is under way must end. */
export class LeaseLostError extends Error {
  override readonly name = 'LeaseLostError';
}

const holderOf = ({ spec }: Lease): string | undefined =>
  typeof spec.holderIdentity === 'string' && spec.holderIdentity !== '' ? spec.holderIdentity : undefined;

class HeldLease {
  private readonly path: string;

  constructor(private readonly options: LeaseOptions) {
    this.path = `${leasesPath(options.namespace)}/${options.name}`;
  }

  private read(): Promise<Lease | undefined> {
    return this.options.cluster.find<Lease>(this.path);
  }

  /** @throws an error with status 409 when it changed since it was read */
  private write({ metadata }: Lease, holder: string | null): Promise<void> {
    const { cluster, durationSeconds, now } = this.options;
    return cluster.patch(this.path, { metadata: { resourceVersion: metadata.resourceVersion }, spec: leaseSpec(holder, durationSeconds, now()) });
  }

  private create(): Promise<boolean> {
    const { cluster, namespace, name, holder, durationSeconds, now } = this.options;
    return cluster.create(leasesPath(namespace), newLease(namespace, name, leaseSpec(holder, durationSeconds, now())));
  }

  /** @throws LeaseHeldError */
  async acquire(): Promise<void> {
    if (await this.create()) return;
    const lease = await this.read();
    const holder = lease === undefined ? 'somebody who has just removed it' : holderOf(lease);
    if (lease === undefined || (holder !== undefined && holder !== this.options.holder && !(await this.isAbandoned(lease, holder)))) {
      throw new LeaseHeldError(`held by ${holder ?? 'nobody'}`);
    }
    try {
      await this.write(lease, this.options.holder);
    } catch (error) {
      throw statusOf(error) === 409 ? new LeaseHeldError('taken by another at the same moment') : error;
    }
  }

  /** By the clock it has run out; and as clocks differ, it is watched until a holder that lives would have renewed it. */
  private async isAbandoned({ metadata, spec }: Lease, holder: string): Promise<boolean> {
    const { durationSeconds, renewEverySeconds, now, sleep = (s) => pause(s * 1000) } = this.options;
    const age = now() - Date.parse(spec.renewTime ?? new Date(0).toISOString());
    // A time far in the future is nobody's either.
    if (Math.abs(age) < durationSeconds * 1000) return false;
    await sleep(renewEverySeconds * 1.5);
    const after = await this.read();
    if (after?.metadata.resourceVersion === metadata.resourceVersion) return true;
    this.options.log(`the Lease ${this.options.name} looked abandoned by ${holder}, and was renewed: do the clocks agree?`);
    return false;
  }

  /** @throws LeaseLostError when it is another's; else whatever kept it from being renewed */
  async renew(): Promise<void> {
    const lease = await this.read();
    const holder = lease === undefined ? undefined : holderOf(lease);
    if (lease === undefined || holder !== this.options.holder) throw new LeaseLostError(`the Lease ${this.options.name} is held by ${holder ?? 'nobody'} now`);
    await this.write(lease, this.options.holder);
  }

  /** The next one need not wait; if this fails, it waits until the lease has run out. */
  async giveBack(): Promise<void> {
    try {
      const lease = await this.read();
      if (lease !== undefined && holderOf(lease) === this.options.holder) await this.write(lease, null);
    } catch (error) {
      this.options.log(`the Lease ${this.options.name} was not given back, and ends by itself: ${reasonOf(error)}`);
    }
  }
}

/** Renews until it is stopped. @returns how to stop; ends when no renewal is under way any more */
const keepRenewing = (lease: HeldLease, { durationSeconds, renewEverySeconds, name, log }: LeaseOptions, lost: AbortController): (() => Promise<void>) => {
  const end = (because: Error): void => {
    if (lost.signal.aborted) return;
    log(because.message);
    lost.abort(because);
  };
  // Before it ends for others, also when a request hangs; one renewal may fail.
  const patience = (durationSeconds - renewEverySeconds / 2) * 1000;
  const expire = (): void => end(new LeaseLostError(`the Lease ${name} could not be renewed for ${patience / 1000} s`));
  let deadline = setTimeout(expire, patience);
  let underWay: Promise<void> | undefined;
  const renew = async (): Promise<void> => {
    const began = performance.now();
    try {
      await lease.renew();
      clearTimeout(deadline);
      // What counts for others was written before the answer came.
      if (!lost.signal.aborted) deadline = setTimeout(expire, Math.max(0, patience - (performance.now() - began)));
    } catch (error) {
      if (error instanceof LeaseLostError) end(error);
      else log(`the Lease ${name} was not renewed: ${reasonOf(error)}`);
    }
  };
  const timer = setInterval(() => {
    underWay ??= renew().finally(() => (underWay = undefined));
  }, renewEverySeconds * 1000);
  return async () => {
    clearInterval(timer);
    await underWay;
    clearTimeout(deadline);
  };
};

/**
 * Works while nobody else does. The signal fires when the Lease is lost, before another one may take it: what is under way must end.
 * @throws LeaseHeldError when somebody else holds it
 */
export const holding = async <T>(options: LeaseOptions, signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> => {
  const lease = new HeldLease(options);
  await lease.acquire();
  const lost = new AbortController();
  const stop = keepRenewing(lease, options, lost);
  try {
    return await work(AbortSignal.any([signal, lost.signal]));
  } finally {
    await stop();
    await lease.giveBack();
  }
};
