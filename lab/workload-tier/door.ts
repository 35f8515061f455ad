/** How the lab's users find the gateways, and whom they believe. */
import { ACME_TRUST_CONFIG_MAP } from '../../lib/services/certificates';
import { APPLICATION_NAMESPACE } from '../../lib/topology/derive';
import { GATEWAY, GATEWAY_PORT } from '../../lib/topology/gateway';
import type { Environment } from '../../lib/topology/types';
import type { Workload } from '../../lib/topology/types-workloads';
import type { ProcedureContext } from '../drill/procedures/procedure';
import { NotSteadyError } from '../drill/run';
import type { KubernetesApi } from '../kubernetes/api';
import type { NodeSettings } from '../settings';
import { gatewayPods } from './pods';
import type { Door } from './meters';

/** A load balancer's part: the gateway of the own zone first, the others after it. */
export const doorOf = async ({ lab, api, credentials }: ProcedureContext, workload: Workload, prefix: string): Promise<Door> => {
  const gateways = (await gatewayPods(lab, api)).filter((g) => g.ready);
  if (gateways.length === 0) throw new NotSteadyError('no gateway is ready');
  const gatewaysFor = (node: NodeSettings): readonly string[] =>
    [...gateways].sort((a, b) => Number(b.node.name === node.name) - Number(a.node.name === node.name)).map((g) => g.address);
  return { gatewaysFor, port: GATEWAY_PORT, host: hostOf(lab.environment, workload), ca: await authorities(lab.environment, api, credentials.ca), prefix };
};

/** The lab's own, and the one that stands for the public's where certificates come from there. */
const authorities = async ({ acme }: Environment, api: KubernetesApi, own: string): Promise<string> => {
  if (acme === null) return own;
  const { data } = await api.get<{ readonly data?: Readonly<Record<string, string>> }>(
    `/api/v1/namespaces/${APPLICATION_NAMESPACE}/configmaps/${ACME_TRUST_CONFIG_MAP}`,
  );
  const roots = data?.['roots.pem'];
  if (roots === undefined) throw new NotSteadyError(`ConfigMap ${ACME_TRUST_CONFIG_MAP} has no roots.pem: nobody could verify the gateway’s certificate`);
  return `${own.trimEnd()}\n${roots}`;
};

/** By the name on the certificate: the workload's own, or the first that the gateway's certificate is asked for. */
const hostOf = ({ acme }: Environment, workload: Workload): string =>
  workload.public?.host ?? acme?.names[0] ?? `${GATEWAY}.${APPLICATION_NAMESPACE}.svc.cluster.local`;
