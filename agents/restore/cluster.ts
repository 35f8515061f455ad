/** The database's pods, as a restore starts, stops and watches them. */
import { NAMESPACE } from '../../lib/topology/derive';
import { failureIn, type RestoreCluster } from '../../lib/operations/restore/plan';
import type { Kubernetes } from './kubernetes';

const PODS = `/api/v1/namespaces/${NAMESPACE}/pods`;
const SETS = `/apis/apps/v1/namespaces/${NAMESPACE}/statefulsets`;

interface Pod {
  readonly metadata: { readonly name: string; readonly deletionTimestamp?: string };
  readonly status: { readonly phase: string; readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

/** The restore itself can't succeed: told by the members' logs. */
export class RestoreFailed extends Error {
  override readonly name = 'RestoreFailed';
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export class Cluster {
  constructor(
    private readonly api: Kubernetes,
    private readonly names: RestoreCluster,
  ) {}

  private pods(): Promise<readonly Pod[]> {
    return this.api.list<Pod>(`${PODS}?labelSelector=app.kubernetes.io/name%3Dpostgres`);
  }

  async scale(replicas: number): Promise<void> {
    await this.api.patch(`${SETS}/${this.names.statefulSet}/scale`, { spec: { replicas } });
  }

  /**
   * Starts some of the members and leaves the others for later, so that they don't take each other's bandwidth; all of them, when those some don't come to run
   * (their nodes may be off).
   */
  async startSome(count: number, withinSeconds: number): Promise<void> {
    await this.scale(count);
    const deadline = Date.now() + withinSeconds * 1000;
    while ((await this.pods()).filter((p) => p.status.phase === 'Running').length < count) {
      if (Date.now() > deadline) return this.scale(this.names.members);
      await pause(200);
    }
  }

  async awaitGone(withinSeconds: number): Promise<void> {
    const deadline = Date.now() + withinSeconds * 1000;
    for (;;) {
      const left = await this.pods();
      if (left.length === 0) return;
      if (Date.now() > deadline) throw new Error(`the members did not stop within ${withinSeconds} s: ${left.map((p) => p.metadata.name).join(', ')}`);
      await pause(200);
    }
  }

  /**
   * Waits until so many members are ready: the first is the new primary, the others stream.
   * @param failure what is thrown when the log of one that is not ready says that it can't become so
   */
  async awaitReady(count: number, withinSeconds: number, failure: (because: string) => Error = (because) => new RestoreFailed(because)): Promise<void> {
    const deadline = Date.now() + withinSeconds * 1000;
    for (let round = 0; ; round++) {
      const pods = await this.pods();
      const waiting = pods.filter((p) => p.status.conditions?.some((c) => c.type === 'Ready' && c.status === 'True') !== true);
      const ready = pods.length - waiting.length;
      if (ready >= count) return;
      if (round % 5 === 4) await this.throwIfFailed(waiting, failure);
      if (Date.now() > deadline) throw new Error(`${ready} of ${count} members are ready after ${withinSeconds} s`);
      await pause(300);
    }
  }

  private async throwIfFailed(pods: readonly Pod[], failure: (because: string) => Error): Promise<void> {
    for (const pod of pods.filter((p) => p.status.phase === 'Running')) {
      const because = failureIn(await this.api.text(`${PODS}/${pod.metadata.name}/log?container=postgres&tailLines=200`));
      if (because !== undefined) throw failure(because);
    }
  }

  members(): number {
    return this.names.members;
  }

  /** It starts again, finds that its history was left behind, and builds itself anew. Nothing happens where there is none. */
  restartDelayedReplica(): Promise<void> {
    return this.api.remove(`${PODS}/${this.names.delayedReplica}-0`);
  }

  /** A changed pod is looked at by its kubelet at once, which then brings mounted ConfigMaps up to date; otherwise that may take a minute. */
  async refreshMounts(reason: string): Promise<void> {
    for (const pod of await this.pods())
      await this.api.patch(`${PODS}/${pod.metadata.name}`, { metadata: { annotations: { 'holdfast.dev/restore': reason } } });
  }

  /** The backup server of each member says so when the old data is gone. */
  async awaitDiscarded(id: string, withinSeconds: number): Promise<void> {
    const deadline = Date.now() + withinSeconds * 1000;
    for (;;) {
      const logs = await Promise.all((await this.pods()).map((p) => this.api.text(`${PODS}/${p.metadata.name}/log?container=backup-server&tailLines=50`)));
      const left = logs.filter((log) => !log.includes(`discarded ${id}`)).length;
      if (left === 0) return;
      if (Date.now() > deadline)
        throw new Error(`${left} members have not removed the old data directory within ${withinSeconds} s; do it again: \`holdfast restore confirm\``);
      await pause(500);
    }
  }
}
