/** Carries a decision out: events for people, evictions that respect the disruption budget. */
import { MEMORY_EVENTS } from '../../lib/services/memory-keeper';
import { microTime } from '../kubernetes-lease';
import { ApiError } from '../restore/kubernetes';
import type { Action, PodMemory } from './decide';

export interface ActingCluster {
  readonly create: (path: string, object: object) => Promise<boolean>;
}

export interface Identity {
  readonly namespace: string;
  /** This replica's name. */
  readonly me: string;
}

/** What became of an action. */
export type Outcome = 'done' | 'refused';

const COMPONENT = 'memory-keeper';

const event = ({ namespace, me }: Identity, pod: PodMemory, reason: string, message: string, now: Date): object => {
  const time = microTime(now.getTime());
  return {
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: { name: `${pod.name}.${now.getTime().toString(16)}`, namespace },
    eventTime: time,
    reportingController: COMPONENT,
    reportingInstance: me,
    action: reason,
    reason,
    type: 'Warning',
    note: message,
    regarding: { apiVersion: 'v1', kind: 'Pod', namespace, name: pod.name, uid: pod.uid },
  };
};

const tell = async (cluster: ActingCluster, identity: Identity, action: Action, reason: string, now: Date): Promise<void> => {
  await cluster.create(`/apis/events.k8s.io/v1/namespaces/${identity.namespace}/events`, event(identity, action.pod, reason, action.because, now));
};

/** 429: the disruption budget allows none now. 404, 409: that pod is gone. */
const isRefusal = (error: unknown): boolean => error instanceof ApiError && [404, 409, 429].includes(error.status);

/**
 * The eviction comes before its event: an event that could not be written must not keep a full pod.
 * @throws what the API server answers, but for a refusal, which is no error: it is tried again
 */
export const act = async (cluster: ActingCluster, identity: Identity, action: Action, now: Date): Promise<Outcome> => {
  const { namespace } = identity;
  const { pod } = action;
  if (action.kind === 'hold') return 'refused';
  if (action.kind === 'warn') {
    await tell(cluster, identity, action, MEMORY_EVENTS.warning, now);
    return 'done';
  }
  try {
    const evicted = await cluster.create(`/api/v1/namespaces/${namespace}/pods/${pod.name}/eviction`, {
      apiVersion: 'policy/v1',
      kind: 'Eviction',
      metadata: { name: pod.name, namespace },
      deleteOptions: { preconditions: { uid: pod.uid } },
    });
    if (!evicted) return 'refused';
  } catch (error) {
    if (isRefusal(error)) return 'refused';
    throw error;
  }
  await tell(cluster, identity, action, MEMORY_EVENTS.restart, now);
  return 'done';
};
