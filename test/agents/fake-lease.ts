/** An API server that knows one Lease, and refuses a change of another version than the one it has. */
interface Stored {
  metadata: { resourceVersion: string };
  spec: { holderIdentity: string | null; renewTime: string | null };
}

export class StatusError extends Error {
  constructor(readonly status: number) {
    super(`status ${status}`);
  }
}

export class FakeLease {
  lease: Stored | undefined;
  patches = 0;
  private version = 0;

  find = <T>(): Promise<T | undefined> => Promise.resolve(structuredClone(this.lease) as T | undefined);
  create = (_path: string, object: object): Promise<boolean> => {
    if (this.lease !== undefined) return Promise.resolve(false);
    this.store((object as Stored).spec);
    return Promise.resolve(true);
  };
  patch = (_path: string, change: object): Promise<void> => {
    const { metadata, spec } = change as { metadata?: { resourceVersion: string }; spec: Stored['spec'] };
    if (metadata !== undefined && metadata.resourceVersion !== this.lease?.metadata.resourceVersion) return Promise.reject(new StatusError(409));
    this.patches += 1;
    this.store(spec);
    return Promise.resolve();
  };

  /** As another process does it. */
  takenBy(holderIdentity: string, at: number): void {
    this.store({ holderIdentity, renewTime: new Date(at).toISOString() });
  }

  private store(spec: Stored['spec']): void {
    this.lease = { metadata: { resourceVersion: String(++this.version) }, spec };
  }
}
