/** How the lab's users find the gateways, and whom they believe. */
import { APPLICATION_NAMESPACE } from '../../lib/topology/derive';
import { GATEWAY, GATEWAY_PORT } from '../../lib/topology/gateway';
import type { Environment } from '../../lib/topology/types';
import type { Workload } from '../../lib/topology/types-workloads';
import type { ProcedureContext } from '../drill/procedures/procedure';
import { NotSteadyError } from '../drill/run';
import type { NodeSettings } from '../settings';
import { gatewayPods } from './pods';
import type { Door } from './meters';

/** A load balancer's part: the gateway of the own zone first, the others after it. */
export const doorOf = async ({ lab, api, credentials }: ProcedureContext, workload: Workload, prefix: string): Promise<Door> => {
  const gateways = (await gatewayPods(lab, api)).filter((g) => g.ready);
  if (gateways.length === 0) throw new NotSteadyError('no gateway is ready');
  const gatewaysFor = (node: NodeSettings): readonly string[] =>
    [...gateways].sort((a, b) => Number(b.node.name === node.name) - Number(a.node.name === node.name)).map((g) => g.address);
  return { gatewaysFor, port: GATEWAY_PORT, host: hostOf(lab.environment, workload), ca: credentials.ca, prefix };
};

/** By the name on the certificate: the workload's own, or the first that the gateway's certificate is asked for. */
const hostOf = ({ acme }: Environment, workload: Workload): string =>
  workload.public?.host ?? acme?.names[0] ?? `${GATEWAY}.${APPLICATION_NAMESPACE}.svc.cluster.local`;
