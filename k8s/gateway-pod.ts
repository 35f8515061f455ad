/** One gateway: HAProxy, and beside it the keeper that tells it what has changed. */
import { type Container, IntOrString, type PodSpec, type Volume } from 'cdk8s-plus-27/lib/imports/k8s';
import { GATEWAY_KEEPER_CONFIG_FILE } from '../lib/services/gateway-keeper';
import { BLOCKLIST_CONFIG, SWITCHES_CONFIG } from '../lib/services/limits';
import { peerEnvironment } from '../lib/services/haproxy-limits';
import { GATEWAY_BLOCKLIST_DIR, GATEWAY_CONFIG_DIR, GATEWAY_RUN_DIR, GATEWAY_TLS_DIR, HAPROXY_FILE, SWITCHES_DIR } from '../lib/services/paths';
import {
  GATEWAY,
  GATEWAY_HEALTH_PATH,
  GATEWAY_KEEPER_PORT,
  GATEWAY_METRICS_PORT,
  GATEWAY_PEERS_PORT,
  GATEWAY_PORT,
  GATEWAY_TLS_SECRET,
  type GatewayMember,
  gatewayMembers,
} from '../lib/topology/gateway';
import { mebibytes, millicores } from '../lib/topology/units';
import { type ChartContext, containerPorts } from './data-chart';
import { ZONE_LABEL } from './names';
import { configVolume, container, leaveDeadNodeAfter, memoryVolume, podDefaults, readOnly, resources } from './pods';

/** A pod on a node that is marked dead is replaced after so long, on another node of its zone. */
const LEAVE_DEAD_NODE_AFTER_SECONDS = 10;
/** Besides what HAProxy may take to end. */
const MARGIN_SECONDS = 5;
const KEEPER_RESOURCES = { cpu: millicores(20), memory: mebibytes(128), cpuLimit: millicores(500) };

export const gatewayPod = (context: ChartContext, member: GatewayMember): PodSpec => {
  const { drain } = context.environment.gateway;
  return {
    ...podDefaults,
    nodeSelector: { [ZONE_LABEL]: member.zone },
    tolerations: leaveDeadNodeAfter(LEAVE_DEAD_NODE_AFTER_SECONDS),
    terminationGracePeriodSeconds: drain.preStop + drain.timeout + MARGIN_SECONDS,
    containers: [haproxy(context, member), keeper(context)],
    volumes: volumes(),
  };
};

/** A Service, or a load balancer, needs a moment to forget it. Then the image's stop signal, SIGUSR1, lets it finish what is under way. */
const servesOn = ({ environment }: ChartContext): Container['lifecycle'] => ({
  preStop: { exec: { command: ['sleep', String(environment.gateway.drain.preStop)] } },
});

const haproxy = (context: ChartContext, member: GatewayMember): Container => {
  const { environment, platform, region } = context;
  if (platform.images.gateway === undefined) throw new Error(`environment "${environment.name}" has public workloads, and no image "gateway" is given`);
  const health = { path: GATEWAY_HEALTH_PATH, port: IntOrString.fromNumber(GATEWAY_METRICS_PORT) };
  return container({
    name: 'haproxy',
    image: platform.images.gateway,
    imagePullPolicy: platform.imagePullPolicy,
    command: ['haproxy', '-db', '-f', `${GATEWAY_CONFIG_DIR}/${HAPROXY_FILE}`],
    env: Object.entries(peerEnvironment(member, gatewayMembers(region))).map(([name, value]) => ({ name, value })),
    ports: containerPorts({ https: GATEWAY_PORT, peers: GATEWAY_PEERS_PORT, metrics: GATEWAY_METRICS_PORT }),
    resources: resources(environment.gateway.resources),
    readinessProbe: { httpGet: health, initialDelaySeconds: 2, periodSeconds: 2, timeoutSeconds: 2, failureThreshold: 2 },
    livenessProbe: { httpGet: health, initialDelaySeconds: 10, periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 3 },
    lifecycle: servesOn(context) ?? {},
    volumeMounts: [readOnly('configuration', GATEWAY_CONFIG_DIR), readOnly('tls', GATEWAY_TLS_DIR), { name: 'run', mountPath: GATEWAY_RUN_DIR }],
  });
};

/** Without it the gateway serves on with what it knows: its state is none of the gateway's readiness. */
const keeper = (context: ChartContext): Container =>
  container({
    name: 'keeper',
    image: context.platform.images.agent,
    imagePullPolicy: context.platform.imagePullPolicy,
    // Small heaps: it keeps next to nothing, and Node.js would take what it is given.
    command: [
      'node',
      '--max-old-space-size=48',
      '--max-semi-space-size=1',
      '/opt/holdfast/gateway-keeper.js',
      `${GATEWAY_CONFIG_DIR}/${GATEWAY_KEEPER_CONFIG_FILE}`,
    ],
    ports: containerPorts({ 'keeper-metrics': GATEWAY_KEEPER_PORT }),
    resources: resources(KEEPER_RESOURCES),
    livenessProbe: {
      httpGet: { path: '/health/live', port: IntOrString.fromNumber(GATEWAY_KEEPER_PORT) },
      initialDelaySeconds: 10,
      periodSeconds: 10,
      timeoutSeconds: 5,
      failureThreshold: 3,
    },
    lifecycle: servesOn(context) ?? {},
    volumeMounts: [
      readOnly('configuration', GATEWAY_CONFIG_DIR),
      readOnly('tls', GATEWAY_TLS_DIR),
      readOnly('blocklist', GATEWAY_BLOCKLIST_DIR),
      readOnly('switches', SWITCHES_DIR),
      { name: 'run', mountPath: GATEWAY_RUN_DIR },
    ],
  });

/** Whole directories: a file of its own would never be seen to change. */
const volumes = (): Volume[] => [
  configVolume('configuration', GATEWAY),
  { name: 'tls', secret: { secretName: GATEWAY_TLS_SECRET, defaultMode: 0o440 } },
  { name: 'blocklist', configMap: { name: BLOCKLIST_CONFIG.name, defaultMode: 0o440, optional: true } },
  { name: 'switches', configMap: { name: SWITCHES_CONFIG.name, defaultMode: 0o440, optional: true } },
  memoryVolume('run', 4),
];
