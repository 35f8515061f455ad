/**
 * haproxy.cfg: the gateway in front of every public workload. The same file for all gateways of a region; what differs (which of the members one is, where the others
 * are) comes by the environment. `haproxy -c` reads it in test/services.
 */
import { gatewayMembers, publicWorkloads } from '../topology/gateway';
import type { Environment, Region } from '../topology/types';
import { backend, backendName } from './haproxy-backends';
import { defaults, global, resolvers, section } from './haproxy-global';
import { peers } from './haproxy-limits';
import { metricsFrontend, nowhere, publicFrontend } from './haproxy-frontends';

/**
 * @throws Error when the environment has no edge (a rule refuses public workloads without one)
 */
export const haproxyCfg = (environment: Environment, region: Region): string => {
  const { gateway, edge } = environment;
  if (edge === null) throw new Error(`environment "${environment.name}" has no edge, and a gateway takes its limits from there`);
  const routes = publicWorkloads(environment).flatMap((workload) =>
    workload.public.paths.map((path) => ({ backend: backendName(workload), host: workload.public.host, path })),
  );
  const sections = [
    global(gateway),
    defaults(gateway),
    resolvers(),
    peers(gatewayMembers(region), gateway, edge),
    publicFrontend({ environment, region, edge, routes }),
    ...publicWorkloads(environment).map((workload) => backend(workload, gateway)),
    nowhere(),
    metricsFrontend(),
  ];
  return `${sections.map(section).join('\n\n')}\n`;
};
