import { balancerOutOfRotationSeconds, OUT_OF_ROTATION, outOfRotationSeconds, POD_LEAVES_WITHIN_SECONDS, publicWorkloads } from '../gateway';
import { isLab } from '../derive';
import type { Environment } from '../types';
import { quoted, rule, when, type Finding, type Rule } from './rule';

const round = (n: number): number => Math.round(n * 100) / 100;

export const publicNeedsAnEdge: Rule = rule(
  'public-needs-an-edge',
  'A workload that clients outside reach has limits before it: the environment has an edge.',
  (environment) =>
    environment.edge !== null
      ? []
      : environment.workloads.flatMap((workload, i) =>
          when(workload.public !== null, () => ({
            path: `workloads[${i}].public`,
            given: `${workload.name} is public, and edge is null`,
            allowed: 'an edge, or nothing that is public',
            fix: 'use edge: {} (the defaults), or public: null',
          })),
        ),
);

/** In a lab somebody else may have made the certificate; on AWS nobody else does, and the gateways' pods would wait for it for ever. */
export const publicNeedsACertificate: Rule = rule(
  'public-needs-a-certificate',
  'An environment on AWS with a workload that clients outside reach has `acme`: nothing else makes the certificate that its gateways show.',
  (environment) => {
    const { acme, dns } = environment;
    const zone = dns?.zoneName ?? 'example.com';
    const setting = `acme: { contact: 'platform@${zone}', names: ['${dns?.applicationName ?? 'app'}.${zone}'] }`;
    return when(!isLab(environment) && publicWorkloads(environment).length > 0 && acme === null, () => ({
      path: 'acme',
      given: `null, with ${quoted(publicWorkloads(environment).map(({ name }) => name))} public`,
      allowed: 'acme with the names that clients call, or nothing that is public: gateways do not start without a certificate',
      fix: `${dns === null ? 'add dns with the zoneName and zoneId of a zone of yours, and ' : 'add '}${setting}, or use public: null`,
    }));
  },
);

export const deadPodsLeaveRotation: Rule = rule(
  'dead-pods-leave-rotation',
  `A pod whose node is dead gets no more requests after at most ${OUT_OF_ROTATION.withinCluster} s, and with the load balancer’s checks after at most ${OUT_OF_ROTATION.onAws} s.`,
  ({ gateway: { check } }) => {
    const within = outOfRotationSeconds(check);
    const steady = `check.interval ${check.interval} s, check.timeout ${check.timeout} s, check.failures ${check.failures}`;
    return [
      ...when(within > OUT_OF_ROTATION.withinCluster, () => ({
        path: 'gateway.check',
        given: `${round(within)} s with ${steady}`,
        allowed: `at most ${OUT_OF_ROTATION.withinCluster} s: interval + failures x timeout + (failures - 1) x interval / 4`,
        fix: 'use interval 1 s, timeout 1 s, failures 3',
      })),
      ...when(within + balancerOutOfRotationSeconds() > OUT_OF_ROTATION.onAws, () => ({
        path: 'gateway.check',
        given: `${round(within + balancerOutOfRotationSeconds())} s together with the load balancer’s ${balancerOutOfRotationSeconds()} s`,
        allowed: `at most ${OUT_OF_ROTATION.onAws} s`,
        fix: 'use interval 1 s, timeout 1 s, failures 3',
      })),
      ...when(check.interval < 0.5 || check.timeout < 0.2 || check.failures < 2, () => ({
        path: 'gateway.check',
        given: steady,
        allowed: 'interval >= 0.5 s, timeout >= 0.2 s, failures >= 2: with less a pod that is busy for a moment loses its requests',
        fix: 'use interval 1 s, timeout 1 s, failures 3',
      })),
    ];
  },
);

/** Where the figure stands, its value, and the values around it. */
const bounded = (path: string, given: number, least: number, most: number, unit: string, fix: string): readonly Finding[] =>
  when(given < least || given > most, () => ({ path, given: `${given}${unit}`, allowed: `${least}${unit} to ${most}${unit}`, fix }));

const timeouts = ({ gateway }: Environment): readonly Finding[] => {
  const { request, client, keepAlive, connect, server, queue } = gateway.timeouts;
  return [
    ...bounded('gateway.timeouts.request', request, 1, 30, ' s', 'use seconds(5): whoever sends more slowly holds a connection that others need'),
    ...bounded('gateway.timeouts.client', client, 1, 120, ' s', 'use seconds(15)'),
    ...bounded('gateway.timeouts.keepAlive', keepAlive, 1, 120, ' s', 'use seconds(30)'),
    ...bounded('gateway.timeouts.connect', connect, 0.1, 5, ' s', 'use seconds(1): a pod in the same network answers in milliseconds'),
    ...bounded('gateway.timeouts.server', server, 1, 120, ' s', 'use seconds(15), longer than any request may take'),
    ...bounded('gateway.timeouts.queue', queue, 0.1, 30, ' s', 'use seconds(2)'),
  ];
};

export const gatewayIsBounded: Rule = rule(
  'gateway-is-bounded',
  'The gateway waits for nobody without end, and its tables and connections fit its memory.',
  (environment) => {
    const { maxConnections, connectionsPerPod, addresses, resources } = environment.gateway;
    // Two buffers of 16 KiB while a request is under way, TLS, and some 300 bytes for an address in each of three tables.
    const needed = Math.ceil((Math.min(maxConnections, 4000) * 48 * 1024 + addresses * 900) / 1024 ** 2) + 48;
    return [
      ...timeouts(environment),
      ...bounded('gateway.maxConnections', maxConnections, 100, 100_000, '', 'use 10000'),
      ...bounded('gateway.connectionsPerPod', connectionsPerPod, 1, 10_000, '', 'use 200'),
      ...bounded('gateway.addresses', addresses, 1000, 10_000_000, '', 'use 100000'),
      ...when(resources.memory < needed, () => ({
        path: 'gateway.resources.memory',
        given: `${resources.memory} MiB for ${maxConnections} connections and ${addresses} addresses`,
        allowed: `at least ${needed} MiB`,
        fix: `use mebibytes(${needed}), or fewer addresses`,
      })),
      ...when(resources.cpuLimit < resources.cpu, () => ({
        path: 'gateway.resources.cpuLimit',
        given: `${resources.cpuLimit}m with a request of ${resources.cpu}m`,
        allowed: '>= cpu',
        fix: `use millicores(${resources.cpu}) or more`,
      })),
    ];
  },
);

export const podsOutliveTheirRotation: Rule = rule(
  'pods-outlive-their-rotation',
  'A pod that leaves serves on until every gateway has learned of it.',
  (environment) =>
    publicWorkloads(environment).flatMap(({ name, drain }) =>
      when(drain.preStop < POD_LEAVES_WITHIN_SECONDS, () => ({
        path: `workloads[${environment.workloads.findIndex((w) => w.name === name)}].drain.preStop`,
        given: `${drain.preStop} s`,
        allowed: `at least ${POD_LEAVES_WITHIN_SECONDS} s: so long the gateways may send it requests after it began to leave`,
        fix: 'use seconds(5)',
      })),
    ),
);

/** In the order in which violations are reported. */
export const GATEWAY_RULES: readonly Rule[] = [publicNeedsAnEdge, publicNeedsACertificate, deadPodsLeaveRotation, gatewayIsBounded, podsOutliveTheirRotation];
