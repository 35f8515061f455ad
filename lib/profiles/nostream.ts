/** A relay of the nostream network (rows NR): WebSocket and HTTP on 8080, events in PostgreSQL, Redis in front of it. */
import type { WorkloadAlert } from '../topology/types-workloads';
import { minutes, seconds } from '../topology/units';
import { adjusted, probesAt, shareAbove, type Profile, type ProfileInput } from './profile';

/** NR-6: critical is SEV-1, warning SEV-3, info SEV-4. What every workload is watched for (crash, CPU, memory) comes with every workload. */
const ALERTS: readonly WorkloadAlert[] = [
  {
    name: 'NostreamPartition',
    requirements: ['NR-2', 'NR-6'],
    severity: 'SEV-1',
    expression: 'max(nostream_partition_detected{job="$job"}) > 0',
    for: seconds(30),
    summary: 'Relays do not reach each other: events stay in their part of the network until it heals, and are replayed then.',
  },
  {
    name: 'NostreamDatabaseAway',
    requirements: ['NR-3', 'NR-6'],
    severity: 'SEV-1',
    expression: 'max(nostream_degraded{job="$job",part="database"}) > 0',
    for: seconds(30),
    summary: 'The database is away: events go to Redis, and are replayed when it returns.',
  },
  {
    name: 'NostreamByzantinePeer',
    requirements: ['NR-5', 'NR-6'],
    severity: 'SEV-1',
    expression: shareAbove('nostream_events_rejected_total{job="$job",reason="invalid_signature"}', 'nostream_events_received_total{job="$job"}', 0.1),
    for: minutes(1),
    summary: 'More than 10 % of the events have wrong signatures: a peer forges or floods; relays ban it by its reputation, `holdfast block ip` does at once.',
  },
  {
    name: 'NostreamQueue',
    requirements: ['NR-6'],
    severity: 'SEV-3',
    expression: 'max(nostream_queue_depth{job="$job"}) > 1000',
    for: minutes(1),
    summary: 'More than 1000 events wait to be stored or passed on.',
  },
  {
    name: 'NostreamCacheAway',
    requirements: ['NR-4', 'NR-6'],
    severity: 'SEV-3',
    expression: 'max(nostream_degraded{job="$job",part="cache"}) > 0',
    for: minutes(1),
    summary: 'Redis is away: duplicates are found in the database, about ten times slower.',
  },
  {
    name: 'NostreamPeerConnected',
    requirements: ['NR-6'],
    severity: 'SEV-4',
    expression: 'sum(delta(nostream_peers{job="$job"}[5m])) > 0',
    for: seconds(0),
    summary: 'A peer has connected.',
  },
  {
    name: 'NostreamSlow',
    requirements: ['NR-6', 'NR-7'],
    severity: 'SEV-4',
    expression: 'histogram_quantile(0.95, sum by (le) (rate(nostream_event_duration_seconds_bucket{job="$job"}[5m]))) > 1',
    for: minutes(5),
    summary: 'One event in twenty takes more than a second.',
  },
];

/** @example const relay = nostream({ image: 'registry.example.com/nostream@sha256:...' }); */
export const nostream = (input: ProfileInput): Profile => ({
  workloads: [
    adjusted(
      {
        name: 'nostream',
        image: input.image,
        ports: [{ name: 'http', port: 8080 }],
        metrics: { port: 'http', path: '/metrics' },
        probes: probesAt('/health'),
        // NR-1: a relay that is gone for 30 s is routed around; the gateway does so after 3 s, Kubernetes after 15 s.
        scaling: { min: 3, max: 12, cpuPercent: 70, queue: { metric: 'nostream_queue_depth', perReplica: 300, backpressureAt: 3000 } },
        // An event that does not exist: looked for as a user's would be.
        rollout: { analysis: { path: `/events/${'0'.repeat(64)}` } },
        drain: { preStop: seconds(5), timeout: seconds(40), grace: seconds(60) },
        needs: ['database', 'cache'],
        databaseConnections: 20,
        public: { paths: ['/'], endpoints: [{ method: 'POST', path: '/events' }] },
        alerts: ALERTS,
      },
      input,
    ),
  ],
  retention: [],
  requirements: ['NR-1', 'NR-2', 'NR-3', 'NR-4', 'NR-5', 'NR-6', 'NR-7'],
  drills: ['primary-node-dies', 'partial-partition', 'redis-master-dies', 'redis-majority-lost'],
});
