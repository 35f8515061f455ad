/** For the rules of workloads: one input that keeps each at its edge, and inputs that break it. */
import type { EnvironmentInput, WorkloadInput } from '../../lib/topology/types';
import { mebibytes, millicores, seconds } from '../../lib/topology/units';
import { environmentWith, NAMED, regionWith, type Case } from './fixtures';

const DIGEST = `registry.example.com/shop@sha256:${'a'.repeat(64)}`;
const SHOP: WorkloadInput = { name: 'shop', image: DIGEST };
const ROOMY = regionWith({ cluster: { instanceType: 'm7i.2xlarge' } });
const several = (...workloads: readonly WorkloadInput[]): EnvironmentInput => environmentWith({ regions: [ROOMY], ...NAMED, workloads });
const one = (changes: Partial<WorkloadInput>): EnvironmentInput => several({ ...SHOP, ...changes });
const named = (name: string, changes: Partial<WorkloadInput> = {}): WorkloadInput => ({ ...SHOP, name, ...changes });
const alert = { name: 'ShopIsSlow', requirements: ['CS-3'], severity: 'SEV-3', expression: 'up{job="$job"} == 0', for: seconds(60), summary: 'Slow.' } as const;
const queue = { metric: 'jobs', perReplica: 10, backpressureAt: 30 };
const w = 'workloads[0]';

export const WORKLOAD_CASES: Readonly<Record<string, Case>> = {
  'workload-names': {
    keeps: several(named('a'), named(`b${'c'.repeat(39)}`)),
    breaks: [
      [one({ name: 'Shop' }), `${w}.name`, /lower-case/],
      [one({ name: 'gateway' }), `${w}.name`, /taken by what stands beside/],
      [one({ name: 'shop-canary' }), `${w}.name`, /rename/],
      [several(SHOP, SHOP), `${w}.name`, /2 times/],
    ],
  },
  'images-are-pinned': {
    keeps: { ...one({ image: 'shop:1.2' }), name: 'lab-shop' },
    breaks: [
      [one({ image: 'registry.example.com/shop:1.2' }), `${w}.image`, /sha256.*holdfast\/backend.*imagetools inspect/],
      [one({ image: 'shop@sha256:abc' }), `${w}.image`, /64 hexadecimal/],
      [{ ...one({ image: 'shop' }), name: 'lab' }, `${w}.image`, /name:tag/],
    ],
  },
  'ports-are-usable': {
    keeps: one({
      ports: [
        { name: 'http', port: 1024 },
        { name: 'metrics', port: 65_535 },
      ],
    }),
    breaks: [
      [one({ ports: [] }), `${w}.ports`, /at least one/],
      [
        one({
          ports: [
            { name: 'http', port: 80 },
            { name: 'metrics', port: 9090 },
          ],
        }),
        `${w}.ports[0].port`,
        /can’t listen below/,
      ],
      [
        one({
          ports: [
            { name: 'http', port: 8080 },
            { name: 'metrics', port: 8080 },
          ],
        }),
        `${w}.ports[1]`,
        /a second time/,
      ],
      [one({ ports: [{ name: 'HTTP', port: 8080 }] }), `${w}.ports[0].name`, /lower-case/],
    ],
  },
  'port-names-exist': {
    keeps: one({ ports: [{ name: 'http', port: 8080 }], metrics: null }),
    breaks: [
      [one({ ports: [{ name: 'web', port: 8080 }], metrics: null }), `${w}.probes.readiness.port`, /"http".*"web"/],
      [one({ metrics: { port: 'admin', path: '/metrics' } }), `${w}.metrics.port`, /"admin"/],
      [one({ public: { paths: ['/'], port: 'https' } }), `${w}.public.port`, /"https"/],
      [one({ probes: { liveness: { path: 'health' } } }), `${w}.probes.liveness`, /begins with \//],
    ],
  },
  'needs-exist': {
    keeps: several(named('a', { needs: ['database', 'b'] }), named('b')),
    breaks: [
      [one({ needs: ['databse'] }), `${w}.needs[0]`, /did you mean "database"/],
      [one({ needs: ['cache'] }), `${w}.needs[0]`, /give the environment a cache/],
      [one({ needs: ['database', 'database'] }), `${w}.needs[1]`, /a second time/],
    ],
  },
  'needs-are-no-circle': {
    keeps: several(named('a', { needs: ['b', 'c'] }), named('b', { needs: ['c'] }), named('c')),
    breaks: [
      [several(named('a', { needs: ['b'] }), named('b', { needs: ['c'] }), named('c', { needs: ['a'] })), `${w}.needs`, /a needs b needs c needs a/],
      [several(named('c'), named('a', { needs: ['b'] }), named('b', { needs: ['a'] })), 'workloads[1].needs', /a needs b needs a/],
    ],
  },
  'public-paths-are-distinct': {
    keeps: several(named('a', { public: { paths: ['/'], host: 'a.example.com' } }), named('b', { public: { paths: ['/'], host: 'b.example.com' } })),
    breaks: [
      [several(named('a', { public: { paths: ['/', '/x'] } }), named('b', { public: { paths: ['/x'] } })), 'workloads[1].public.paths', /"\/x" a second time/],
      [one({ public: { paths: [] } }), `${w}.public.paths`, /at least one path/],
    ],
  },
  'egress-is-named': {
    keeps: one({
      egress: [
        { host: 'rpc.example.com', port: 443 },
        { host: '203.0.113.0/24', port: 8545 },
      ],
    }),
    breaks: [
      [one({ egress: [{ host: '0.0.0.0/0', port: 443 }] }), `${w}.egress[0].host`, /smaller than everything/],
      [one({ egress: [{ host: '*', port: 443 }] }), `${w}.egress[0].host`, /name the host/],
      [one({ egress: [{ host: 'rpc.example.com', port: 0 }] }), `${w}.egress[0].port`, /65535/],
    ],
  },
  'environment-variables-are-free': {
    keeps: one({ environment: { RELEASE: '7', LOG_LEVEL: 'debug' } }),
    breaks: [
      [one({ environment: { PORT: '1' } }), `${w}.environment.PORT`, /set for every workload/],
      [one({ environment: { DATABASE_HOST: 'elsewhere' } }), `${w}.environment.DATABASE_HOST`, /another name/],
      [one({ environment: { 'log-level': 'debug' } }), `${w}.environment.log-level`, /upper-case/],
    ],
  },
  'workload-is-looked-after': {
    keeps: one({ probes: { readiness: { period: seconds(9), timeout: seconds(3), failures: 3 }, liveness: { failures: 4 } } }),
    breaks: [
      [one({ probes: null } as never), `${w}.probes`, /a broken release is sent requests/],
      [one({ probes: { liveness: null } } as never), `${w}.probes.liveness`, /frozen container is never restarted/],
      [one({ resources: null } as never), `${w}.resources`, /one leak takes the node/],
      [one({ probes: { readiness: { failures: 0 } } }), `${w}.probes.readiness.failures`, /nothing is ever noticed/],
      [one({ probes: { readiness: { period: seconds(0) } } }), `${w}.probes.readiness.period`, /whole seconds/],
      [one({ probes: { readiness: { period: seconds(10) } } }), `${w}.probes.readiness`, /32 s until.*at most 30 s/],
      [one({ probes: { liveness: { failures: 1 } } }), `${w}.probes.liveness.failures`, /no freeze/],
      [one({ probes: { liveness: { period: seconds(2) } } }), `${w}.probes.liveness`, /out of rotation first/],
      [one({ probes: { startup: { timeout: seconds(5) } } }), `${w}.probes.startup.timeout`, /at most the period/],
    ],
  },
  'workload-limits-cover-requests': {
    keeps: one({ resources: { cpu: millicores(500), cpuLimit: millicores(500), memory: mebibytes(512), memoryLimit: mebibytes(512) } }),
    breaks: [
      [one({ resources: { cpuLimit: millicores(400) } }), `${w}.resources.cpuLimit`, /500m/],
      [one({ resources: { memoryLimit: mebibytes(256) } }), `${w}.resources.memoryLimit`, /512 MiB/],
    ],
  },
  'memory-thresholds-ascend': {
    keeps: one({ memory: { warnPercent: 1, restartPercent: 98, scaleOutPercent: 99 } }),
    breaks: [
      [one({ memory: { warnPercent: 85 } }), `${w}.memory`, /use 70, 85 and 95/],
      [one({ memory: { scaleOutPercent: 100 } }), `${w}.memory`, /< 100/],
    ],
  },
  'replicas-survive-a-zone': {
    keeps: one({ scaling: { min: 3, max: 3 } }),
    breaks: [
      [one({ scaling: { min: 2 } }), `${w}.scaling.min`, /use 3/],
      [one({ scaling: { min: 6, max: 5 } }), `${w}.scaling.max`, /use 6/],
    ],
  },
  'queues-push-back': {
    keeps: one({ scaling: { queue } }),
    breaks: [
      [one({ scaling: { queue: { ...queue, backpressureAt: 29 } } }), `${w}.scaling.queue.backpressureAt`, /at least 30.*use 90/],
      [one({ scaling: { queue: { ...queue, perReplica: 0 } } }), `${w}.scaling.queue.perReplica`, /at least 1/],
      [one({ scaling: { queue: { ...queue, metric: 'jobs waiting' } } }), `${w}.scaling.queue.metric`, /Prometheus/],
      [one({ scaling: { cpuPercent: 0 } }), `${w}.scaling.cpuPercent`, /use 70/],
      [one({ scaling: { requestsPerSecond: 0 } }), `${w}.scaling.requestsPerSecond`, /> 0/],
    ],
  },
  'drains-end-before-the-grace': {
    keeps: one({ drain: { preStop: seconds(5), timeout: seconds(20), grace: seconds(26) } }),
    breaks: [
      [one({ drain: { timeout: seconds(25) } }), `${w}.drain`, /preStop 5 s \+ timeout 25 s.*use grace: seconds\(35\)/],
      [one({ drain: { grace: seconds(27.5) } }), `${w}.drain`, /whole seconds/],
    ],
  },
  'releases-are-judged': {
    keeps: one({ rollout: { progressDeadline: seconds(125), analysis: { duration: seconds(60), interval: seconds(30) }, formerStays: seconds(5) } }),
    breaks: [
      [one({ rollout: { progressDeadline: seconds(60) } }), `${w}.rollout.progressDeadline`, /at least 125 s/],
      [one({ rollout: { analysis: { interval: seconds(40) } } }), `${w}.rollout.analysis`, /at least two/],
      [one({ rollout: { analysis: { maxErrorPercent: 100 } } }), `${w}.rollout.analysis`, /every release passes/],
      [one({ rollout: { formerStays: seconds(4) } }), `${w}.rollout.formerStays`, /at least preStop/],
      [one({ rollout: { keepReleases: 0 } }), `${w}.rollout.keepReleases`, /go back to/],
    ],
  },
  'workloads-fit-with-a-zone-lost': {
    keeps: one({}),
    breaks: [
      [
        environmentWith({ regions: [regionWith()], edge: {}, workloads: [SHOP] }),
        'regions[0].cluster',
        /no room for shop \(500m, 512 MiB\).*larger instanceType/,
      ],
      [one({ resources: { memory: mebibytes(16_384), memoryLimit: mebibytes(16_384) } }), 'regions[0].cluster', /another one is lost/],
    ],
  },
  'workload-connections-fit-the-poolers': {
    keeps: one({ databaseConnections: 222 }),
    breaks: [[one({ databaseConnections: 223 }), 'regions[0].pooler.maxClientConnections', /shop opens up to 4014.*at least 2007 per pooler/]],
  },
  'alerts-are-readable': {
    keeps: one({ alerts: [alert] }),
    breaks: [
      [one({ alerts: [{ ...alert, name: 'shop slow' }] }), `${w}.alerts[0].name`, /upper camel case/],
      [one({ alerts: [alert, alert] }), `${w}.alerts[1].name`, /each name once/],
      [one({ alerts: [{ ...alert, expression: 'rate(errors[5m]' }] }), `${w}.alerts[0].expression`, /balanced/],
      [one({ alerts: [{ ...alert, summary: '' }] }), `${w}.alerts[0]`, /what to do first/],
      [one({ alerts: [{ ...alert, requirements: [] }] }), `${w}.alerts[0]`, /0 requirements/],
    ],
  },
};
