/** Who may talk to a workload, and what it may talk to: what its description says, and nothing else. */
import type { NetworkPolicyPeer } from 'cdk8s-plus-27/lib/imports/k8s';
import type { Construct } from 'constructs';
import { portNamed } from '../lib/services/workload-environment';
import { CACHE_PORT } from '../lib/topology/cache-placement';
import { APPLICATION_NAMESPACE, NAMESPACE, POOLER_PORT } from '../lib/topology/derive';
import type { Workload } from '../lib/topology/types-workloads';
import { RELEASE_CHECK_LABEL } from './analysis';
import type { ChartContext } from './data-chart';
import { MONITORING_LABEL, selectorOf } from './names';
import { addressesOf, type Allowed, namespacesWith, restrictPods } from './network-policies';
import { GATEWAY_LABEL, inNamespace, METRICS_ADAPTER_PEER, workloadPods, workloadSelector } from './workload-names';

const isCidr = (host: string): boolean => /^[0-9a-f.:]+\/\d+$/i.test(host);

/** A name may be any address outside: nothing that is private, or the way out would be a way into the data's namespace. */
const outside: NetworkPolicyPeer = {
  ipBlock: { cidr: '0.0.0.0/0', except: ['10.0.0.0/8', '100.64.0.0/10', '169.254.0.0/16', '172.16.0.0/12', '192.168.0.0/16'] },
};

const ingress = (workload: Workload, { environment }: ChartContext): readonly Allowed[] => {
  const { name, ports, metrics } = workload;
  const all = ports.map(({ port }) => port);
  const callers = environment.workloads.filter(({ needs }) => needs.includes(name));
  const scraped = metrics === null ? [] : [portNamed(workload, metrics.port)];
  return [
    ...(workload.public === null ? [] : [{ peer: { podSelector: { matchLabels: GATEWAY_LABEL } }, ports: [portNamed(workload, workload.public.port)] }]),
    ...callers.map((caller) => ({ peer: workloadPods(caller.name), ports: all })),
    { peer: { podSelector: { matchLabels: RELEASE_CHECK_LABEL } }, ports: all },
    ...(scraped.length === 0
      ? []
      : [
          { peer: METRICS_ADAPTER_PEER, ports: scraped },
          { peer: namespacesWith(MONITORING_LABEL), ports: scraped },
        ]),
  ];
};

const egress = (workload: Workload, { environment }: ChartContext): readonly Allowed[] => [
  ...workload.needs.flatMap((need): readonly Allowed[] => {
    if (need === 'database') return [{ peer: inNamespace(NAMESPACE, selectorOf('pgbouncer')), ports: [POOLER_PORT] }];
    if (need === 'cache') return [{ peer: inNamespace(NAMESPACE, selectorOf('cache')), ports: [CACHE_PORT] }];
    const needed = environment.workloads.find(({ name }) => name === need);
    return needed === undefined ? [] : [{ peer: workloadPods(need), ports: needed.ports.map(({ port }) => port) }];
  }),
  ...workload.egress.map(({ host, port }) => ({ peer: isCidr(host) ? addressesOf(host) : outside, ports: [port] })),
];

export const restrictWorkload = (scope: Construct, context: ChartContext, workload: Workload): void =>
  restrictPods(
    scope,
    { name: workload.name, namespace: APPLICATION_NAMESPACE, selector: workloadSelector(workload.name) },
    ingress(workload, context),
    egress(workload, context),
  );
