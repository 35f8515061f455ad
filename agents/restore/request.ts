/** The record of a restore, in a ConfigMap: lock, progress, and what the members are asked to do; they have it mounted. */
import { hostname } from 'node:os';
import { NAMESPACE } from '../../lib/topology/derive';
import type { Phase, RestoreCluster, RestoreRequest } from '../../lib/operations/restore/plan';
import type { Kubernetes } from './kubernetes';

const MAPS = `/api/v1/namespaces/${NAMESPACE}/configmaps`;

/** `none`: recorded only. The others: see images/patroni/bin/holdfast-set-aside and holdfast-backup-server. */
export type Action = 'none' | 'set-aside' | 'put-back' | 'discard';

interface RequestMap {
  readonly metadata: { readonly resourceVersion: string };
  readonly data: Readonly<Record<string, string>>;
}

/** What a restore remembers besides, to be resumed by anybody. */
export interface Remembered extends RestoreRequest {
  readonly action: Action;
  /** Of the restore's JSON: target, backup, repository. */
  readonly details: string;
}

const now = (): string => String(Math.floor(Date.now() / 1000));

export class RequestStore {
  private readonly path: string;

  constructor(
    private readonly api: Kubernetes,
    private readonly cluster: RestoreCluster,
    private readonly holder = `${hostname()} (pid ${process.pid})`,
  ) {
    this.path = `${MAPS}/${cluster.request}`;
  }

  async read(): Promise<Remembered | undefined> {
    const found = await this.api.find<RequestMap>(this.path);
    if (found === undefined) return undefined;
    const { data } = found;
    return {
      id: data['id'] ?? '',
      holder: data['holder'] ?? 'somebody unknown',
      phase: (data['phase'] ?? 'locked') as Phase,
      target: data['target'] ?? '',
      heartbeat: Number(data['heartbeat'] ?? 0),
      action: (data['action'] ?? 'none') as Action,
      details: data['details'] ?? '{}',
    };
  }

  /** @returns false when somebody else was first: exactly one of two succeeds */
  take(id: string, target: string, details: object): Promise<boolean> {
    return this.api.create(MAPS, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: this.cluster.request, namespace: NAMESPACE },
      data: { id, target, phase: 'locked', action: 'none', holder: this.holder, heartbeat: now(), details: JSON.stringify(details) },
    });
  }

  /** Takes over what a holder that is gone has left. @returns false when somebody else did so first */
  async takeOver(): Promise<boolean> {
    const found = await this.api.find<RequestMap>(this.path);
    if (found === undefined) return false;
    try {
      await this.api.patch(this.path, { metadata: { resourceVersion: found.metadata.resourceVersion }, data: { holder: this.holder, heartbeat: now() } });
      return true;
    } catch (error) {
      if (error instanceof Error && 'status' in error && error.status === 409) return false;
      throw error;
    }
  }

  /** Also a sign of life. A value of null removes the key. */
  async write(data: Readonly<Record<string, string | null>>): Promise<void> {
    await this.api.patch(this.path, { data: { ...data, heartbeat: now() } });
  }

  remove(): Promise<void> {
    return this.api.remove(this.path);
  }

  /** Signs of life until stopped. */
  beat(): () => void {
    const timer = setInterval(() => {
      this.write({}).catch(() => undefined); // missed: the next one tells; after 30 s without any, somebody else may resume
    }, 5000);
    return () => clearInterval(timer);
  }
}
