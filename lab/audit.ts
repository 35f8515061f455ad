/** What the lab's database and poolers logged about logins since a time. */
import { join } from 'node:path';
import { usesIn, type CredentialUseSeen } from '../lib/services/rotation/audit';
import { NAMESPACE } from '../lib/topology/derive';
import { run } from './exec';
import { podsOf } from './health';
import type { KubernetesApi } from './kubernetes/api';
import { adminKubeconfig } from './kubernetes/control-plane';
import type { LabSettings } from './settings';
import { readState } from './state';

const CONTAINERS = [
  { service: 'postgres', container: 'postgres', door: 'member' },
  { service: 'pgbouncer', container: 'pgbouncer', door: 'pooler' },
] as const;

export interface Audit {
  readonly uses: readonly CredentialUseSeen[];
  /** Containers that began later than `since`: what the ones before them wrote is not here. */
  readonly incomplete: readonly string[];
}

/** From inside the lab's network. Logs that Kubernetes has given up (a pod that is gone, a file that was rotated away) are not in it. */
export const auditSince = async (lab: LabSettings, api: KubernetesApi, since: Date): Promise<Audit> => {
  const kubectl = join((await readState(lab)).binaries, 'kubectl');
  const read = async (pod: string, container: string): Promise<string> =>
    run([kubectl, '--kubeconfig', adminKubeconfig(lab), '-n', NAMESPACE, 'logs', pod, '-c', container, `--since-time=${since.toISOString()}`], {
      timeoutSeconds: 60,
    });
  const found = await Promise.all(
    CONTAINERS.map(async ({ service, container, door }) => {
      const pods = await podsOf(api, service);
      return Promise.all(
        pods.map(async (pod) => {
          const { name } = pod.metadata;
          const restarts = pod.status.containerStatuses?.find((c) => c.name === container)?.restartCount ?? 0;
          return { uses: usesIn(door, name, await read(name, container)), incomplete: restarts > 0 ? [`${name}/${container} was restarted`] : [] };
        }),
      );
    }),
  );
  const all = found.flat();
  return {
    uses: all.flatMap((f) => f.uses).toSorted((a, b) => a.at.localeCompare(b.at)),
    incomplete: all.flatMap((f) => f.incomplete),
  };
};
