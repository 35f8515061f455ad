/** Which of the replicas acts: the holder of a Lease. Each counts by its own clock from when it saw the lease change, as Kubernetes' own controllers do. */
import { leasesPath, leaseSpec, newLease, type Lease, type LeaseCluster } from '../kubernetes-lease';

export const LEASE_SECONDS = 15;

export class Leadership {
  private seen: { readonly version: string; readonly at: number } | undefined;

  /** @param now seconds, of a clock that nobody sets */
  constructor(
    private readonly cluster: LeaseCluster,
    private readonly namespace: string,
    private readonly name: string,
    private readonly me: string,
    private readonly now: () => number,
    private readonly wallClock: () => number,
  ) {}

  /**
   * Takes or renews the lease.
   * @returns whether this replica may act until the next call, which must come within a third of the lease
   * @throws what the API server answers, also when another one was faster
   */
  async hold(): Promise<boolean> {
    const leases = leasesPath(this.namespace);
    const spec = leaseSpec(this.me, LEASE_SECONDS, this.wallClock());
    const lease = await this.cluster.find<Lease>(`${leases}/${this.name}`);
    if (lease === undefined) return this.cluster.create(leases, newLease(this.namespace, this.name, spec));
    if (lease.spec.holderIdentity !== this.me && !this.hasExpired(lease)) return false;
    await this.cluster.patch(`${leases}/${this.name}`, { metadata: { resourceVersion: lease.metadata.resourceVersion }, spec });
    return true;
  }

  private hasExpired({ metadata, spec }: Lease): boolean {
    if (spec.holderIdentity === undefined || spec.holderIdentity === null || spec.holderIdentity === '') return true;
    const version = metadata.resourceVersion;
    if (this.seen?.version !== version) this.seen = { version, at: this.now() };
    return this.now() - this.seen.at > LEASE_SECONDS;
  }
}
