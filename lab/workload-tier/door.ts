/** How the lab's users find the gateways, and whom they believe. */
import { ACME_TRUST_CONFIG_MAP } from '../../lib/services/certificates';
import { apiBase } from '../../lib/services/declared-interface';
import { GATEWAY_PORT } from '../../lib/topology/gateway';
import type { Environment } from '../../lib/topology/types';
import type { Workload } from '../../lib/topology/types-workloads';
import type { ProcedureContext } from '../drill/procedures/procedure';
import { NotSteadyError } from '../drill/run';
import type { KubernetesApi } from '../kubernetes/api';
import type { NodeSettings } from '../settings';
import { gatewayAuthorities, gatewayHost } from './gateway-trust';
import { gatewayPods } from './pods';
import type { Door } from './meters';

/** A load balancer's part: the gateway of the own zone first, the others after it. */
export const doorOf = async ({ lab, api, credentials }: ProcedureContext, workload: Workload, prefix: string): Promise<Door> => {
  const gateways = (await gatewayPods(lab, api)).filter((g) => g.ready);
  if (gateways.length === 0) throw new NotSteadyError('no gateway is ready');
  const gatewaysFor = (node: NodeSettings): readonly string[] =>
    [...gateways].sort((a, b) => Number(b.node.name === node.name) - Number(a.node.name === node.name)).map((g) => g.address);
  const ca = await authorities(lab.environment, api, credentials.ca);
  return { gatewaysFor, port: GATEWAY_PORT, host: gatewayHost(lab.environment, workload), ca, base: apiBase(workload), prefix };
};

const authorities = async (environment: Environment, api: KubernetesApi, own: string): Promise<string> => {
  const known = await gatewayAuthorities(environment, api, own);
  if (known === undefined) throw new NotSteadyError(`ConfigMap ${ACME_TRUST_CONFIG_MAP} has no roots.pem: nobody could verify the gateway’s certificate`);
  return known;
};
