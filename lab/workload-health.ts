/** Are the workloads whole, and what looks after them and stands before them? */
import { request } from 'node:https';
import { APPLICATION_NAMESPACE, SYSTEM_NAMESPACE } from '../lib/topology/derive';
import { GATEWAY, GATEWAY_PORT, gatewayMembers, publicWorkloads } from '../lib/topology/gateway';
import type { Workload } from '../lib/topology/types';
import { isReady, type KubernetesApi, type Pod } from './kubernetes/api';
import type { LabSettings } from './settings';
import { gatewayAuthorities, gatewayHost } from './workload-tier/gateway-trust';

const TIMEOUT_MS = 2000;
const APPLICATIONS = `namespaces/${APPLICATION_NAMESPACE}`;

interface Rollout {
  readonly status?: { readonly phase?: string; readonly message?: string; readonly availableReplicas?: number; readonly stableRS?: string };
}
interface Autoscaler {
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string; readonly message?: string }[] };
}

const podsNamed = (api: KubernetesApi, namespace: string, name: string): Promise<readonly Pod[]> =>
  api.list<Pod>(`/api/v1/namespaces/${namespace}/pods?labelSelector=app.kubernetes.io/name%3D${name}`);
const serving = (pods: readonly Pod[]): readonly Pod[] => pods.filter((pod) => isReady(pod) && pod.metadata.deletionTimestamp === undefined);

const releaseComplaints = async (api: KubernetesApi, { name, scaling }: Workload): Promise<readonly string[]> => {
  const { status } = await api.get<Rollout>(`/apis/argoproj.io/v1alpha1/${APPLICATIONS}/rollouts/${name}`);
  const available = status?.availableReplicas ?? 0;
  return [
    ...(status?.phase === 'Healthy'
      ? []
      : [`workload ${name}: its release is ${status?.phase ?? 'not looked at yet'}${status?.message === undefined ? '' : `: ${status.message}`}`]),
    ...(available >= scaling.min ? [] : [`workload ${name}: ${available} of ${scaling.min} replicas available`]),
  ];
};

const autoscalerComplaints = async (api: KubernetesApi, { name }: Workload): Promise<readonly string[]> => {
  const { status } = await api.get<Autoscaler>(`/apis/autoscaling/v2/${APPLICATIONS}/horizontalpodautoscalers/${name}`);
  const active = status?.conditions?.find(({ type }) => type === 'ScalingActive');
  return active?.status === 'True' ? [] : [`workload ${name}: its autoscaler has no figures${active?.message === undefined ? '' : `: ${active.message}`}`];
};

/** What the gateway says of all that is public. */
const asksGateway = (address: string, servername: string, ca: string): Promise<string | undefined> =>
  new Promise((resolve) => {
    const asked = request(
      { host: address, port: GATEWAY_PORT, path: '/health/ready', ca, servername, headers: { host: servername }, timeout: TIMEOUT_MS },
      (response) => {
        response.resume();
        resolve(response.statusCode === 200 ? undefined : `answers ${response.statusCode ?? 'nothing'}: a workload has no pod that serves`);
      },
    );
    asked.on('timeout', () => asked.destroy(new Error(`no answer within ${TIMEOUT_MS} ms`)));
    asked.on('error', (error) => resolve(error.message));
    asked.end();
  });

const gatewayComplaints = async (lab: LabSettings, api: KubernetesApi, own: string): Promise<readonly string[]> => {
  const [workload] = publicWorkloads(lab.environment);
  if (workload === undefined) return [];
  const ca = await gatewayAuthorities(lab.environment, api, own);
  if (ca === undefined) return [`${GATEWAY}: nobody knows yet who signs its certificate`];
  const host = gatewayHost(lab.environment, workload);
  const members = gatewayMembers(lab.region).length;
  const pods = serving(await podsNamed(api, APPLICATION_NAMESPACE, GATEWAY));
  const answers = await Promise.all(
    pods.map(async ({ metadata, status }) => {
      const complaint = status.podIP === undefined ? 'has no address' : await asksGateway(status.podIP, host, ca);
      return complaint === undefined ? [] : [`${metadata.name}: ${complaint}`];
    }),
  );
  return [...(pods.length >= members ? [] : [`${GATEWAY}: ${pods.length} of ${members} pods ready`]), ...answers.flat()];
};

/** Whatever runs there has to: nothing in that namespace is optional. */
const controllerComplaints = async (api: KubernetesApi): Promise<readonly string[]> => {
  const pods = await api.list<Pod>(`/api/v1/namespaces/${SYSTEM_NAMESPACE}/pods`);
  return pods.filter((pod) => pod.metadata.deletionTimestamp === undefined && !isReady(pod)).map(({ metadata }) => `${metadata.name} is not ready`);
};

/** Empty: whole, or there are none. */
export const workloadComplaints = async (lab: LabSettings, api: KubernetesApi, ca: string): Promise<readonly string[]> => {
  const { workloads } = lab.environment;
  if (workloads.length === 0) return [];
  const found = await Promise.all([
    controllerComplaints(api),
    gatewayComplaints(lab, api, ca),
    ...workloads.flatMap((workload) => [releaseComplaints(api, workload), autoscalerComplaints(api, workload)]),
  ]);
  return found.flat();
};
