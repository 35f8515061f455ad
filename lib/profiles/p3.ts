/**
 * The P3 protocol: an API server (Express on 5000), a mesh relay (WebSocket) and an anchor worker (a queue of receipts for a chain), recovered in this order after the
 * database and Redis (P3-4). One image plays all three parts, told by `ROLE`, unless they are given images of their own.
 */
import type { WorkloadAlert, WorkloadInput } from '../topology/types-workloads';
import { minutes, seconds } from '../topology/units';
import { adjusted, probesAt, shareAbove, type Profile, type ProfileInput } from './profile';

export interface P3Input extends Omit<ProfileInput, 'name'> {
  /** Of the mesh relay. @default - `image` */
  readonly meshImage?: string;
  /** Of the anchor worker. @default - `image` */
  readonly anchorImage?: string;
  /** Where the chain is asked. */
  readonly chainRpc: { readonly host: string; readonly port: number };
}

const HTTP = [{ name: 'http', port: 5000 }] as const;
const METRICS = { port: 'http', path: '/metrics' } as const;

const API_ALERTS: readonly WorkloadAlert[] = [
  {
    name: 'P3SessionAuthFailures',
    requirements: ['P3-5', 'P3-3'],
    severity: 'SEV-2',
    expression: shareAbove('p3_session_auth_total{job="$job",result="failure"}', 'p3_session_auth_total{job="$job"}', 0.05),
    for: minutes(2),
    summary: 'More than 5 % of the sessions fail to authenticate: the session bridge, or the Redis behind it (`holdfast cache status`).',
  },
  {
    name: 'P3DatabaseConnections',
    requirements: ['P3-5', 'P3-3'],
    severity: 'SEV-3',
    expression: 'sum(p3_database_connections{job="$job",state="active"}) / sum(p3_database_connections_max{job="$job"}) > 0.8',
    for: minutes(2),
    summary: 'More than 80 % of the connections to the database are in use: `holdfast connections` shows whose, and ends long queries.',
  },
];
const MESH_ALERTS: readonly WorkloadAlert[] = [
  {
    name: 'P3MeshPeersLow',
    requirements: ['P3-5', 'P3-3'],
    severity: 'SEV-3',
    expression: 'sum(p3_mesh_peers{job="$job"}) < 10',
    for: minutes(2),
    summary: 'Fewer than 10 peers are connected to the mesh relay: publish `reconnect` on mesh:control when the relay is well and clients are not.',
  },
];
const ANCHOR_ALERTS: readonly WorkloadAlert[] = [
  {
    name: 'P3AnchorQueueBackup',
    requirements: ['P3-5', 'P3-3', 'NR-6'],
    severity: 'SEV-2',
    expression: 'max(p3_anchor_queue_depth{job="$job"}) > 1000',
    for: minutes(2),
    summary: 'More than 1000 receipts wait to be anchored: the chain’s endpoint, the wallet’s balance, or failed jobs to be tried again.',
  },
];

const api = (input: P3Input): WorkloadInput => ({
  name: 'p3-api',
  image: input.image,
  ports: HTTP,
  metrics: METRICS,
  probes: probesAt('/health'),
  needs: ['database', 'cache'],
  databaseConnections: 20,
  // A session that does not exist: looked for as a user's would be.
  rollout: { analysis: { path: '/api/protocol/session/00000000-0000-4000-8000-000000000000' } },
  public: { paths: ['/'], endpoints: [{ method: 'POST', path: '/api/protocol/session/handshake' }] },
  egress: [input.chainRpc],
  environment: { ROLE: 'api' },
  alerts: API_ALERTS,
});

const mesh = (input: P3Input): WorkloadInput => ({
  name: 'p3-mesh',
  image: input.meshImage ?? input.image,
  ports: HTTP,
  metrics: METRICS,
  probes: probesAt('/health'),
  // WebSockets are told to reconnect, and get the time to.
  drain: { preStop: seconds(5), timeout: seconds(40), grace: seconds(60) },
  needs: ['cache', 'p3-api'],
  rollout: { analysis: { path: '/pulse/status' } },
  public: { paths: ['/mesh', '/pulse'], endpoints: [] },
  environment: { ROLE: 'mesh' },
  alerts: MESH_ALERTS,
});

const anchor = (input: P3Input): WorkloadInput => ({
  name: 'p3-anchor',
  image: input.anchorImage ?? input.image,
  ports: HTTP,
  metrics: METRICS,
  probes: probesAt('/health'),
  scaling: { cpuPercent: null, queue: { metric: 'p3_anchor_queue_depth', perReplica: 200, backpressureAt: 1500 } },
  // A job that was begun is finished: it may have cost a transaction on the chain.
  drain: { preStop: seconds(0), timeout: seconds(60), grace: seconds(75) },
  needs: ['database', 'cache', 'p3-mesh'],
  databaseConnections: 5,
  // It has no users: what it works on comes from the queue.
  rollout: { analysis: { path: '/health' } },
  egress: [input.chainRpc],
  environment: { ROLE: 'anchor', ANCHOR_CONCURRENCY: '64' },
  alerts: ANCHOR_ALERTS,
});

/** What is not the same for all three. */
const OWN: readonly string[] = ['image', 'meshImage', 'anchorImage', 'chainRpc'];

/** Changes concern all three. @example const protocol = p3({ image: '...@sha256:...', chainRpc: { host: 'rpc.example.com', port: 443 } }); */
export const p3 = (input: P3Input): Profile => {
  const changes: Partial<WorkloadInput> = Object.fromEntries(Object.entries(input).filter(([key]) => !OWN.includes(key)));
  return {
    workloads: [api(input), mesh(input), anchor(input)].map((workload) => adjusted(workload, changes)),
    retention: [],
    requirements: ['P3-1', 'P3-2', 'P3-3', 'P3-4', 'P3-5'],
    drills: ['region-cold-start', 'connections-exhausted', 'redis-master-dies', 'redis-majority-lost', 'primary-node-dies'],
  };
};
