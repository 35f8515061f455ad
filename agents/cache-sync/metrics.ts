import { prometheusText, type Sample } from '../prometheus-text';

/** What the synchroniser counts. */
export interface SyncMetrics {
  /** `lead`, `pull`, `hold`; undefined: not decided yet. */
  decision: string | undefined;
  shards: number;
  pending: number;
  copied: number;
  removed: number;
  comparisons: number;
  connectionErrors: number;
  relayed: number;
  /** Milliseconds since the epoch in the newest heartbeat that was copied, of the shard that is furthest behind. */
  newestHeartbeat: number | undefined;
  /** Seconds that the last heartbeat took from the writer's clock until it was copied. */
  copyDelaySeconds: number | undefined;
}

export const newMetrics = (): SyncMetrics => ({
  decision: undefined,
  shards: 0,
  pending: 0,
  copied: 0,
  removed: 0,
  comparisons: 0,
  connectionErrors: 0,
  relayed: 0,
  newestHeartbeat: undefined,
  copyDelaySeconds: undefined,
});

/** Seconds by which this region's copy is behind; undefined: not known, which is not zero. */
export const lagSeconds = (m: SyncMetrics, nowMs: number): number | undefined =>
  m.decision !== 'pull' || m.newestHeartbeat === undefined ? undefined : Math.max(0, (nowMs - m.newestHeartbeat) / 1000);

const samples = (m: SyncMetrics, nowMs: number): readonly Sample[] => [
  ['decision_info', 'gauge', 'What is done: lead, pull or hold.', m.decision === undefined ? undefined : 1, `{decision="${m.decision ?? ''}"}`],
  ['lag_seconds', 'gauge', 'Age of the newest heartbeat that was copied, of the shard that is furthest behind.', lagSeconds(m, nowMs)],
  ['copy_delay_seconds', 'gauge', 'From the writing of the last heartbeat until it was copied.', m.copyDelaySeconds],
  ['shards', 'gauge', 'Shards of the source that are followed.', m.shards],
  ['pending_keys', 'gauge', 'Keys that are known to differ.', m.pending],
  ['copied_keys_total', 'counter', 'Keys copied.', m.copied],
  ['removed_keys_total', 'counter', 'Keys removed because the source has them no more.', m.removed],
  ['comparisons_total', 'counter', 'Comparisons of a whole shard, after a connection was made.', m.comparisons],
  ['connection_errors_total', 'counter', 'Connections that failed or were lost.', m.connectionErrors],
  ['relayed_messages_total', 'counter', 'Pub/sub messages passed on.', m.relayed],
];

/** For Prometheus. */
export const renderMetrics = (m: SyncMetrics, nowMs: number): string => prometheusText('holdfast_cache_sync_', samples(m, nowMs));
