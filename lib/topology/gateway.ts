/** What follows for the gateway from the rest of the model. */
import { parseCidr } from './cidr';
import { subnetMasks } from './subnets';
import type { Environment, Region } from './types';
import type { Gateway, GatewayCheck } from './types-gateway';
import type { Workload, WorkloadPublic } from './types-workloads';
import { mebibytes, millicores, seconds } from './units';

export const GATEWAY_DEFAULTS: Gateway = {
  check: { interval: seconds(1), timeout: seconds(1), failures: 3 },
  timeouts: { request: seconds(5), client: seconds(15), keepAlive: seconds(30), connect: seconds(1), server: seconds(15), queue: seconds(2) },
  drain: { preStop: seconds(15), timeout: seconds(20) },
  maxConnections: 10_000,
  connectionsPerPod: 200,
  addresses: 100_000,
  resources: { cpu: millicores(250), memory: mebibytes(512), cpuLimit: millicores(2000) },
};

export const GATEWAY = 'gateway';
/** On the pods of one member. */
export const GATEWAY_MEMBER_LABEL = 'holdfast.dev/gateway';
/** TLS, for clients and the load balancer. */
export const GATEWAY_PORT = 8443;
/** Between the gateways: what each has counted. */
export const GATEWAY_PEERS_PORT = 10443;
/** Metrics and health, in plain HTTP, for the kubelet and Prometheus. */
export const GATEWAY_METRICS_PORT = 9101;
/** Metrics and health of the container that carries changed files into the gateway. */
export const GATEWAY_KEEPER_PORT = 9102;
/** 200 while the gateway serves. */
export const GATEWAY_HEALTH_PATH = '/gateway/health';
/** 200 while every public workload has a pod that serves: what Route 53 asks of a region. */
export const REGION_HEALTH_PATH = '/health/ready';
/** With tls.crt and tls.key. */
export const GATEWAY_TLS_SECRET = 'gateway-tls';
/** A workload that clients outside reach. */
export type PublicWorkload = Workload & { readonly public: WorkloadPublic };
export const publicWorkloads = ({ workloads }: Environment): readonly PublicWorkload[] => workloads.filter((w): w is PublicWorkload => w.public !== null);

/** One gateway in each AZ, named after it: the others find what it has counted by its name. */
export interface GatewayMember {
  /** `gateway-a` in `eu-central-1a`; of its Deployment and its Service. */
  readonly name: string;
  readonly zone: string;
}
export const gatewayMembers = ({ zones }: Pick<Region, 'zones'>): readonly GatewayMember[] =>
  zones.map((zone) => ({ name: `${GATEWAY}-${zone.replace(/^.*\d/, '')}`, zone }));

const text = (n: number): string => [24, 16, 8, 0].map((shift) => Math.floor(n / 2 ** shift) % 256).join('.');

/**
 * Where the load balancer lives: each zone's public subnet. Only what comes from there is believed when it says for whom it asks.
 * @throws Error when the region's VPC is no CIDR (a rule refuses it)
 */
export const trustedProxies = ({ network, zones }: Region): readonly string[] => {
  const vpc = parseCidr(network.vpcCidr);
  if (vpc === undefined) throw new Error(`not a CIDR: ${network.vpcCidr}`);
  const masks = subnetMasks(network.vpcCidr, zones.length);
  const first = vpc.first + zones.length * (2 ** (32 - masks.private) + 2 ** (32 - masks.isolated));
  return zones.map((_, i) => `${text(first + i * 2 ** (32 - masks.public))}/${masks.public}`);
};

/** How many proxies have added an address to `X-Forwarded-For`: the load balancer, and CloudFront before it where there is one. */
export const trustedHops = ({ edge, dns }: Pick<Environment, 'edge' | 'dns'>): 1 | 2 => (edge !== null && dns !== null ? 2 : 1);

/** Between two failed checks the next one does not wait for the whole interval. */
export const checkAgainAfter = ({ interval }: GatewayCheck): number => interval / 4;

/**
 * Seconds until a pod whose node is dead gets no more requests, at most: it died just after it had answered, and then each check has to be waited for.
 */
export const outOfRotationSeconds = (check: GatewayCheck): number =>
  check.interval + check.failures * check.timeout + (check.failures - 1) * checkAgainAfter(check);

/** What is promised, by the catalogue (PW-1, NR-1) and by the figures of the lab. */
export const OUT_OF_ROTATION = { withinCluster: 5, onAws: 30 } as const;

/** The load balancer's checks of the gateways: the shortest interval that an Application Load Balancer has, and so many failures. */
export const BALANCER_CHECK = { intervalSeconds: 5, timeoutSeconds: 2, failures: 2, successes: 2 } as const;

/** Seconds until a gateway whose node is dead gets no more requests from the load balancer, at most. */
export const balancerOutOfRotationSeconds = (): number =>
  BALANCER_CHECK.intervalSeconds + (BALANCER_CHECK.failures - 1) * BALANCER_CHECK.intervalSeconds + BALANCER_CHECK.timeoutSeconds;

/** A pod that leaves by itself: the cluster's DNS has followed after a moment, the gateway asks it once a second, and an answer may get lost. */
export const POD_LEAVES_WITHIN_SECONDS = 3;
