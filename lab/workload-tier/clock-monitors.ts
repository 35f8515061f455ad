/** What the monitors of clocks say on every node, and the lab's time servers, which are turned instead of the machine's clock. */
import { holdsAt } from '../../lib/services/alert-evaluation';
import { clockAlerts } from '../../lib/services/certificate-alerts';
import { CLOCK_MONITOR, CLOCK_MONITOR_PORT } from '../../lib/services/certificates';
import { valuesOf } from '../../lib/services/exposition';
import { NAMESPACE } from '../../lib/topology/derive';
import type { WorkloadAlert } from '../../lib/topology/types-workloads';
import { acmeSettings, timeAddresses } from '../acme/settings';
import { NotSteadyError } from '../drill/run';
import { askOutside } from '../edge/control';
import { isReady, type KubernetesApi, type Pod } from '../kubernetes/api';
import { now } from '../meter/clock';
import type { LabSettings } from '../settings';
import { holdUntil, type WorkloadStage } from './stage';

const ANSWER_MS = 3000;

/** As it is deployed. */
export const clockAlert = ({ environment }: LabSettings): WorkloadAlert => {
  const alert = clockAlerts(environment).find(({ name }) => name === 'ClockOff');
  if (alert === undefined) throw new Error('there is no alert ClockOff');
  return alert;
};

/** What every monitor serves. @throws Error when one does not answer */
const expositions = async (lab: LabSettings, api: KubernetesApi): Promise<readonly string[]> => {
  const pods = await api.list<Pod>(`/api/v1/namespaces/${NAMESPACE}/pods?labelSelector=app.kubernetes.io/name%3D${CLOCK_MONITOR}`);
  const addresses = pods.flatMap((pod) => (isReady(pod) && pod.metadata.deletionTimestamp === undefined ? (pod.status.podIP ?? []) : []));
  if (addresses.length < lab.nodes.length) throw new NotSteadyError(`${addresses.length} of ${lab.nodes.length} clock monitors are ready`);
  return Promise.all(
    addresses.map(async (address) => (await fetch(`http://${address}:${CLOCK_MONITOR_PORT}/metrics`, { signal: AbortSignal.timeout(ANSWER_MS) })).text()),
  );
};

/** On how many nodes the deployed expression holds now, and the largest offset that is told. */
export interface ClockSight {
  readonly firing: number;
  readonly nodes: number;
  readonly offsetSeconds: number;
}

export const clockSight = async (lab: LabSettings, api: KubernetesApi): Promise<ClockSight> => {
  const texts = await expositions(lab, api);
  const offsets = texts.flatMap((text) => valuesOf(text, 'holdfast_clock_offset_seconds'));
  const offsetSeconds = offsets.reduce((most, offset) => (Math.abs(offset) > Math.abs(most) ? offset : most), 0);
  return { firing: holdsAt(clockAlert(lab).expression, texts).filter(Boolean).length, nodes: texts.length, offsetSeconds };
};

/** How far the first so many servers are ahead of the machine; the others are right. 0 servers: all are right. */
export const turnTimeServers = async (lab: LabSettings, servers: number, seconds: number): Promise<void> => {
  const turned = Object.fromEntries(
    timeAddresses(lab)
      .slice(0, servers)
      .map((address) => [address, seconds]),
  );
  await askOutside(acmeSettings(lab).control, '/time', turned);
};

/** Every node's expression has held for the alert's own time. @returns seconds from `began` on, or null: not in time */
export const firesAfter = async (stage: WorkloadStage, began: number, atMost: number): Promise<number | null> => {
  const { lab, api } = stage.context;
  const { for: pending } = clockAlert(lab);
  let since: number | null = null;
  const fired = await holdUntil(stage, atMost, async () => {
    const { firing, nodes } = await clockSight(lab, api);
    since = firing === nodes ? (since ?? now()) : null;
    return since !== null && now() - since >= pending;
  });
  return fired === null ? null : fired - began;
};
