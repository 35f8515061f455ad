/** What a recovery works with: the region's Kubernetes, and where there are any, the switches of its machines. */
import { powerOf, startStoppedControlPlane, switchOn } from '../../lab/machines';
import type { LabSettings } from '../../lab/settings';
import type { Power } from '../../lib/operations/recovery/from-kubernetes';
import type { Step } from '../../lib/operations/recovery/plan';
import { TLS_DIRS, tlsFiles } from '../../lib/services/paths';
import { ETCD_CLIENT_PORT, NAMESPACE, PATRONI_NAMESPACE, patroniScope } from '../../lib/topology/derive';
import type { Environment } from '../../lib/topology/types';
import type { Cluster } from './cluster';

export interface Switches {
  readonly power: (machine: string) => Promise<Power | null>;
  readonly startMachine: (machine: string) => Promise<void>;
  readonly startControlPlane: () => Promise<void>;
}

export const labSwitches = (lab: LabSettings): Switches => ({
  power: (machine) => powerOf(lab, machine),
  startMachine: (machine) => switchOn(lab, machine),
  startControlPlane: () => startStoppedControlPlane(lab),
});

const nobodyCan = (): Promise<never> => Promise.reject(new Error('this recovery has no switches: machines and control plane are waited for'));

/** On AWS the node groups start machines, and the control plane is EKS'. */
export const NO_SWITCHES: Switches = { power: () => Promise.resolve(null), startMachine: nobodyCan, startControlPlane: nobodyCan };

/**
 * The lease of a primary that is certainly gone, and the addresses of members that are: without them nobody waits for the lease to run out, and no member asks at its old
 * address whether somebody has its name. Who may lead is in another key (`sync`), and stays.
 */
const forgetMembers = async ({ cluster, environment, progress }: Acting): Promise<void> => {
  const prefix = `${PATRONI_NAMESPACE}${patroniScope(environment)}`;
  const server = tlsFiles(TLS_DIRS.etcdServer);
  const tls = ['--cacert', server.ca, '--cert', server.cert, '--key', server.key];
  const etcdctl = ['etcdctl', '--endpoints', `https://localhost:${ETCD_CLIENT_PORT}`, ...tls, 'del'];
  try {
    const pod = { name: 'etcd-0', namespace: NAMESPACE };
    await cluster.exec(pod, 'etcd', [...etcdctl, `${prefix}/leader`]);
    await cluster.exec(pod, 'etcd', [...etcdctl, '--prefix', `${prefix}/members/`]);
  } catch (error) {
    progress(`the lease of the last primary stays until it runs out: ${error instanceof Error ? error.message : String(error)}`);
  }
};

export interface Acting {
  readonly cluster: Cluster;
  readonly switches: Switches;
  readonly environment: Environment;
  readonly progress: (line: string) => void;
}

export const carryOut =
  (acting: Acting) =>
  async (step: Step): Promise<void> => {
    const { cluster, switches } = acting;
    switch (step.kind) {
      case 'start-control-plane':
        return switches.startControlPlane();
      case 'start-machine':
        return switches.startMachine(step.machine);
      case 'hold':
        return step.tier.workload === null ? undefined : cluster.scale(step.tier.workload, 0);
      case 'release':
        if (step.tier.kind === 'database-primary' && step.anew) await forgetMembers(acting);
        return step.tier.workload === null ? undefined : cluster.scale(step.tier.workload, step.replicas);
      case 'remove-pod':
        return cluster.removePod(step.pod, step.force);
    }
  };
