/** Switches, as `holdfast limits` and people turn them: in the ConfigMap that every pod has as a file. */
import { CALM, renderSwitches, type Switches } from '../../lib/services/switches';
import { SWITCHES_CONFIG } from '../../lib/services/limits';
import { APPLICATION_NAMESPACE } from '../../lib/topology/derive';
import type { KubernetesApi } from '../kubernetes/api';
import type { PlacedPod } from '../workload-tier/pods';

/** The kubelet looks at a pod’s volumes at once when the pod has changed, and else within a minute or so. */
export const turnSwitches = async (api: KubernetesApi, pods: readonly Pick<PlacedPod, 'name'>[], change: Partial<Switches>): Promise<void> => {
  const data = { [SWITCHES_CONFIG.key]: renderSwitches({ ...CALM, ...change }) };
  await api.patch(`/api/v1/namespaces/${APPLICATION_NAMESPACE}/configmaps/${SWITCHES_CONFIG.name}`, { data });
  const annotations = { 'holdfast.dev/switched-at': new Date().toISOString() };
  await Promise.all(pods.map(({ name }) => api.patch(`/api/v1/namespaces/${APPLICATION_NAMESPACE}/pods/${name}`, { metadata: { annotations } })));
};
