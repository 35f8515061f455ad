import type { EnvironmentInput, GatewayInput } from '../../lib/topology/types';
import { mebibytes, millicores, seconds } from '../../lib/topology/units';
import { environmentWith, NAMED, withRegion, type Case } from './fixtures';

const gateway = (changes: GatewayInput): EnvironmentInput => environmentWith({ gateway: changes });
const shop = (preStop: number, rest: Partial<EnvironmentInput> = NAMED): EnvironmentInput => ({
  ...withRegion({ cluster: { instanceType: 'm7i.2xlarge' } }),
  workloads: [{ name: 'shop', image: `registry.example.com/shop@sha256:${'0'.repeat(64)}`, public: { paths: ['/'] }, drain: { preStop: seconds(preStop) } }],
  ...rest,
});

export const GATEWAY_CASES: Readonly<Record<string, Case>> = {
  'public-needs-an-edge': {
    keeps: shop(5),
    breaks: [[shop(5, {}), 'workloads[0].public', /shop is public, and edge is null.*use edge: \{\}/]],
  },
  'public-needs-a-certificate': {
    keeps: shop(5),
    breaks: [
      [
        shop(5, { edge: {}, dns: NAMED.dns }),
        'acme',
        /null, with "shop" public.*add acme: \{ contact: 'platform@example\.com', names: \['app\.example\.com'\] \}/,
      ],
      [shop(5, { edge: {} }), 'acme', /add dns with the zoneName and zoneId.*public: null/],
    ],
  },
  'dead-pods-leave-rotation': {
    keeps: gateway({ check: { interval: seconds(1), timeout: seconds(1), failures: 3 } }),
    breaks: [
      [gateway({ check: { interval: seconds(2) } }), 'gateway.check', /6 s with check.interval 2 s.*at most 5 s/],
      [gateway({ check: { failures: 4 } }), 'gateway.check', /5.75 s with/],
      [gateway({ check: { timeout: seconds(2) } }), 'gateway.check', /7.5 s with/],
      [gateway({ check: { failures: 1 } }), 'gateway.check', /failures >= 2/],
      [gateway({ check: { timeout: seconds(20), failures: 2 } }), 'gateway.check', /together with the load balancer’s 12 s.*at most 30 s/],
    ],
  },
  'gateway-is-bounded': {
    keeps: gateway({ timeouts: { request: seconds(30), server: seconds(120) } }),
    breaks: [
      [gateway({ timeouts: { request: seconds(60) } }), 'gateway.timeouts.request', /1 s to 30 s.*seconds\(5\)/],
      [gateway({ timeouts: { connect: seconds(0) } }), 'gateway.timeouts.connect', /0.1 s to 5 s/],
      [gateway({ addresses: 10 }), 'gateway.addresses', /1000 to 10000000/],
      [gateway({ addresses: 1_000_000 }), 'gateway.resources.memory', /512 MiB for 10000 connections and 1000000 addresses/],
      [gateway({ resources: { memory: mebibytes(64) } }), 'gateway.resources.memory', /at least \d+ MiB/],
      [gateway({ resources: { cpuLimit: millicores(100) } }), 'gateway.resources.cpuLimit', />= cpu/],
    ],
  },
  'pods-outlive-their-rotation': {
    keeps: shop(3),
    breaks: [[shop(2), 'workloads[0].drain.preStop', /2 s; at least 3 s/]],
  },
};
