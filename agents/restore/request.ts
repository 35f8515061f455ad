/** The record of a restore, in a ConfigMap: lock, progress, and what the members are asked to do; they have it mounted. */
import { hostname } from 'node:os';
import { NAMESPACE } from '../../lib/topology/derive';
import type { Action, Phase, RestoreCluster, RestoreRequest } from '../../lib/operations/restore/plan';
import { statusOf } from '../http-status';
import type { Kubernetes } from './kubernetes';

const MAPS = `/api/v1/namespaces/${NAMESPACE}/configmaps`;

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

/** Somebody else holds it now: whoever held it must stop, and leave everything as it is. */
export class TakenOver extends Error {
  override readonly name = 'TakenOver';
}

/** Our own signs of life come between; more often than that it is not ours any more. */
const TRIES = 5;

const now = (): string => String(Math.floor(Date.now() / 1000));

export class RequestStore {
  private readonly path: string;

  constructor(
    private readonly api: Kubernetes,
    private readonly cluster: RestoreCluster,
    readonly holder = `${hostname()} (pid ${process.pid})`,
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
    return this.patch(found, { holder: this.holder, heartbeat: now() });
  }

  /** @returns false when it changed since it was read */
  private async patch({ metadata }: RequestMap, data: Readonly<Record<string, string | null>>): Promise<boolean> {
    try {
      await this.api.patch(this.path, { metadata: { resourceVersion: metadata.resourceVersion }, data });
      return true;
    } catch (error) {
      if (statusOf(error) === 409) return false;
      throw error;
    }
  }

  /** @throws TakenOver when it is not ours, or not there */
  private async mine(): Promise<RequestMap> {
    const found = await this.api.find<RequestMap>(this.path);
    if (found?.data['holder'] === this.holder) return found;
    throw new TakenOver(
      found === undefined ? 'the record of the restore is gone' : `the restore was taken over by ${found.data['holder'] ?? 'somebody unknown'}`,
    );
  }

  /** Also a sign of life. A value of null removes the key. @throws TakenOver */
  async write(data: Readonly<Record<string, string | null>>): Promise<void> {
    for (let i = 0; i < TRIES; i++) if (await this.patch(await this.mine(), { ...data, heartbeat: now() })) return;
    throw new Error(`the record of the restore changed ${TRIES} times while it was written`);
  }

  /** @throws TakenOver */
  async remove(): Promise<void> {
    await this.mine();
    await this.api.remove(this.path);
  }

  /** Signs of life until stopped; after half a minute without any, somebody else may resume. */
  beat(onMissed: (line: string) => void): () => void {
    const timer = setInterval(() => {
      this.write({}).catch((error: unknown) => onMissed(`no sign of life was given: ${error instanceof Error ? error.message : String(error)}`));
    }, 5000);
    return () => clearInterval(timer);
  }
}
