/** Kubernetes' Lease, as far as our agents use it. */
export interface Lease {
  readonly metadata: { readonly resourceVersion: string };
  readonly spec: { readonly holderIdentity?: string | null; readonly renewTime?: string | null };
}

/** The requests that a Lease takes. Errors carry the HTTP `status`. */
export interface LeaseCluster {
  readonly find: <T>(path: string) => Promise<T | undefined>;
  /** false: it is there already. */
  readonly create: (path: string, object: object) => Promise<boolean>;
  /** @throws when it changed since it was read */
  readonly patch: (path: string, change: object) => Promise<void>;
}

/** Kubernetes' MicroTime. */
export const microTime = (ms: number): string => new Date(ms).toISOString().replace('Z', '000Z');

export const leasesPath = (namespace: string): string => `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`;

/** @param now milliseconds since the epoch */
export const leaseSpec = (holder: string | null, leaseDurationSeconds: number, now: number): object => ({
  holderIdentity: holder,
  leaseDurationSeconds,
  renewTime: microTime(now),
});

export const newLease = (namespace: string, name: string, spec: object): object => ({
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  metadata: { name, namespace },
  spec,
});
