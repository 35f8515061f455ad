/** What the drills of workloads do. */
import {
  CACHE_DOWN_SECONDS,
  CLOCK_DRILL,
  DATABASE_DOWN_SECONDS,
  REPLAYED_WITHIN_SECONDS,
  WITHOUT_DATABASE_SECONDS,
} from '../../topology/budget/constants-workloads';
import type { WorkloadScenario } from '../../topology/scenarios';
import type { Environment } from '../../topology/types';
import type { Workload } from '../../topology/types-workloads';
import { releaseServesWithin, requireUserWorkload, restartsWithin, takenBackWithin } from '../../topology/workload-timings';
import type { ProcedureDescription, ProcedureDescriptions } from './procedure';

const USERS = 'users in every zone place orders, look at them, keep sessions and hand in events, over TLS through the gateway, until all of it is served';
const CHECKS = 'every order and event that was acknowledged must be there once';

type Particular = Omit<ProcedureDescription, 'procedure'> & { readonly fault: readonly string[] };
const described =
  (particular: (workload: Workload) => Particular): ((environment: Environment) => ProcedureDescription) =>
  (environment) => {
    const { fault, ...rest } = particular(requireUserWorkload(environment));
    return { ...rest, procedure: [USERS, ...fault, CHECKS] };
  };

/** A drill lets go of what it waits for a little later than it may take. */
const PATIENCE_SECONDS = 60;

const DEPLOYS: ProcedureDescriptions<'good-deploy' | 'bad-deploy'> = {
  'good-deploy': described((workload) => ({
    title: 'a new release replaces the one that serves',
    scenario: 'One pod of it is asked by the analysis, then the others are added, users are sent there at once, and the pods before it finish what they began.',
    requirements: ['CS-3', 'PW-1'],
    planned: true,
    fault: ['deploy a release by changing the Rollout’s template', 'hold until it alone serves', 'put the release before it back, in the same way'],
    healthyDeadlineSeconds: releaseServesWithin(workload) + PATIENCE_SECONDS,
    longestFaultSeconds: 2 * (releaseServesWithin(workload) + PATIENCE_SECONDS),
  })),
  'bad-deploy': described((workload) => ({
    title: 'a release is deployed that never gets ready, that fails every tenth request, or that ends at its start: in turn, by the seed',
    scenario: 'It never answers a user, and is taken back by itself; the release before it serves all the while.',
    requirements: ['CS-3'],
    planned: true,
    fault: [
      'deploy the bad release by changing the Rollout’s template',
      'hold until Argo Rollouts has taken it back',
      'put the template back, as a revert in Git does',
    ],
    healthyDeadlineSeconds: PATIENCE_SECONDS,
    longestFaultSeconds: takenBackWithin(workload, 'never-ready') + takenBackWithin(workload, 'failing-requests') + PATIENCE_SECONDS,
  })),
};

const SCALING: ProcedureDescriptions<'queue-backlog' | 'load-surge'> = {
  'queue-backlog': described(() => ({
    title: 'events come in faster than they are worked on',
    scenario: 'The length of the queue adds replicas; from a certain length on those who hand events in are told to come again later. Nothing is lost.',
    requirements: ['PW-5', 'PO-4'],
    planned: false,
    fault: [
      'slow every pod’s work on the queue down, and hand events in until it is too long',
      'hold until there are more replicas',
      'let them work, until the queue is empty',
    ],
    healthyDeadlineSeconds: 300,
    longestFaultSeconds: 900,
  })),
  'load-surge': described(() => ({
    title: 'many times the usual requests come in',
    scenario: 'The autoscaler adds replicas, and takes them away when the surge is over; nobody’s request fails by that.',
    requirements: ['PO-4', 'PW-1'],
    planned: false,
    fault: [
      'send more requests than the replicas are meant for, within every limit',
      'hold until there are more replicas',
      'stop, and hold until there are as many as before',
    ],
    healthyDeadlineSeconds: 120,
    longestFaultSeconds: 700,
  })),
};

const LOSSES: ProcedureDescriptions<Exclude<WorkloadScenario, keyof typeof DEPLOYS | keyof typeof SCALING>> = {
  'out-of-memory': described((workload) => ({
    title: 'a pod leaks memory until the kernel kills it; before that, another one slowly until it is replaced',
    scenario:
      'The slow leak ends in a graceful replacement that nobody notices. The fast one ends with the kernel: the container is started again, others serve.',
    requirements: ['CS-7', 'PW-1'],
    planned: false,
    fault: [
      'one pod leaks, slowly from its first threshold on: hold until it is replaced at the second',
      'another one leaks fast: hold until the kernel has killed its process and it is ready again',
    ],
    // The container is ready again long before; the Rollout has to see it, too.
    healthyDeadlineSeconds: restartsWithin(workload) + 20,
    longestFaultSeconds: 420,
  })),
  'pod-loses-database': described(() => ({
    title: 'the pods of one node lose the way to the database, while others see it',
    scenario: 'They leave rotation, the others serve, and they come back by themselves.',
    requirements: ['PW-9', 'PW-1'],
    planned: false,
    fault: [`cut one node’s pods off from every pooler for ${WITHOUT_DATABASE_SECONDS} s, packets dropped`, 'hold until all pods are in rotation again'],
    healthyDeadlineSeconds: 60,
    longestFaultSeconds: WITHOUT_DATABASE_SECONDS + PATIENCE_SECONDS,
  })),
  'application-node-dies': described(() => ({
    title: 'a node with a pod of the workload goes dark: its link is cut, then everything on it is killed',
    scenario: 'The gateways take the pod out of rotation by their own checks, long before Kubernetes notices. The node comes back by itself.',
    requirements: ['PW-1', 'NR-1'],
    planned: false,
    fault: ['cut the link of a node without the primary, and kill everything on it', 'hold until every other client is served again', 'start it'],
    healthyDeadlineSeconds: 150,
    longestFaultSeconds: PATIENCE_SECONDS,
  })),
  'cache-down': described(() => ({
    title: 'no pod of the workload reaches the cache',
    scenario: 'What is in the cache comes from the database meanwhile; the cache is used again by itself.',
    requirements: ['NR-4', 'PW-3'],
    planned: false,
    fault: [`refuse all traffic between the workload’s pods and the cache for ${CACHE_DOWN_SECONDS} s`],
    healthyDeadlineSeconds: 60,
    longestFaultSeconds: CACHE_DOWN_SECONDS + PATIENCE_SECONDS,
  })),
  'clock-step': described((workload) => ({
    title: 'one pod’s clock is wrong, then every node’s clock differs from the time servers’',
    scenario:
      'Challenges are refused and taken as documented, users notice nothing, monitors measure the offset and their alert fires; one server that is wrong is outvoted.',
    requirements: ['PW-7'],
    planned: false,
    fault: [
      `deploy a release whose challenges are good for ${CLOCK_DRILL.lifetimeSeconds} s`,
      `give one pod’s process a clock that is ${CLOCK_DRILL.offSeconds} s behind, then as much ahead, then ${CLOCK_DRILL.farOffSeconds} s ahead and out of rotation; have it judge challenges of others, and others its own`,
      `turn one time server by ${CLOCK_DRILL.turnedSeconds} s, then all of them: hold until every node’s alert fires; turn them back`,
    ],
    healthyDeadlineSeconds: releaseServesWithin(workload) + PATIENCE_SECONDS,
    longestFaultSeconds: releaseServesWithin(workload) + 4 * PATIENCE_SECONDS,
  })),
  'database-down': described(() => ({
    title: 'no member of the database is reached by anybody',
    scenario: `Events are taken into Redis and stored within ${REPLAYED_WITHIN_SECONDS} s of the database’s return, each exactly once. What needs the database is refused until then.`,
    requirements: ['NR-3', 'NR-6'],
    planned: false,
    fault: [`refuse all traffic of every member of the database for ${DATABASE_DOWN_SECONDS} s`, 'hold until every event that was taken is in the database'],
    healthyDeadlineSeconds: 120,
    longestFaultSeconds: DATABASE_DOWN_SECONDS + PATIENCE_SECONDS,
  })),
};

export const WORKLOAD_DRILLS: ProcedureDescriptions<WorkloadScenario> = { ...DEPLOYS, ...SCALING, ...LOSSES };
