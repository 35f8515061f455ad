/** The region's Kubernetes, by kubectl: the same for the lab and for EKS, whose credentials kubectl knows how to get. */
import { execFile } from 'node:child_process';
import type { KubernetesObject } from '../../lib/operations/recovery/from-kubernetes';
import type { PodSeen } from '../../lib/operations/recovery/observation';
import type { Workload } from '../../lib/operations/recovery/tiers';

export interface KubectlOptions {
  readonly program: string;
  /** Path of a kubeconfig; undefined: kubectl's own default. */
  readonly kubeconfig: string | undefined;
  /** The cluster knows releases of workloads (their type comes with the controller). @default - false */
  readonly rollouts?: boolean;
}

/** Nobody answers at the API's address. */
export class ControlPlaneDown extends Error {
  override readonly name = 'ControlPlaneDown';
}

/** Of the API's own address; what a program in a container says of others' is something else. */
const UNREACHABLE =
  /connection refused|no route to host|i\/o timeout|TLS handshake timeout|connection reset|Unable to connect|the server is currently unable|EOF/i;
const REQUEST_TIMEOUT = '5s';
const LONGEST_CALL_MS = 20_000;

export interface Cluster {
  /** Everything of the kinds that a recovery looks at. @throws ControlPlaneDown */
  readonly objects: () => Promise<readonly KubernetesObject[]>;
  readonly scale: (workload: Workload, replicas: number) => Promise<void>;
  readonly removePod: (pod: PodSeen, force: boolean) => Promise<void>;
  /** What a program in a container printed. */
  readonly exec: (pod: Pick<PodSeen, 'name' | 'namespace'>, container: string, command: readonly string[]) => Promise<string>;
}

const KINDS = 'nodes,pods,statefulsets.apps,deployments.apps,daemonsets.apps,leases.coordination.k8s.io';

export const kubectlCluster = ({ program, kubeconfig, rollouts = false }: KubectlOptions): Cluster => {
  const kubectl = (args: readonly string[]): Promise<string> =>
    new Promise((resolve, reject) => {
      const common = [...(kubeconfig === undefined ? [] : ['--kubeconfig', kubeconfig]), '--request-timeout', REQUEST_TIMEOUT];
      execFile(program, [...common, ...args], { maxBuffer: 256 * 1024 * 1024, timeout: LONGEST_CALL_MS }, (error, stdout, stderr) => {
        if (error === null) resolve(stdout);
        else if (error.code === 'ENOENT') reject(new Error(`kubectl was not found (${program}): install it, or name it with --kubectl`));
        else if (args[0] === 'get' && UNREACHABLE.test(stderr)) reject(new ControlPlaneDown(stderr.trim()));
        else reject(new Error(`kubectl ${args.slice(0, 3).join(' ')}: ${stderr.trim() || error.message}`));
      });
    });
  const inNamespace = (namespace: string): readonly string[] => ['--namespace', namespace];
  return {
    objects: async () =>
      (
        JSON.parse(await kubectl(['get', rollouts ? `${KINDS},rollouts.argoproj.io` : KINDS, '--all-namespaces', '--output', 'json'])) as {
          items: KubernetesObject[];
        }
      ).items,
    scale: async ({ kind, namespace, name }, replicas) =>
      void (await kubectl([...inNamespace(namespace), 'scale', `${kind.toLowerCase()}/${name}`, `--replicas=${replicas}`])),
    removePod: async ({ name, namespace }, force) =>
      void (await kubectl([
        ...inNamespace(namespace),
        'delete',
        'pod',
        name,
        '--ignore-not-found',
        '--wait=false',
        ...(force ? ['--force', '--grace-period=0'] : []),
      ])),
    exec: (pod, container, command) => kubectl([...inNamespace(pod.namespace), 'exec', pod.name, '--container', container, '--', ...command]),
  };
};
