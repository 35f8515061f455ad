/** What the budgets of operations count on and nobody configures. Seconds; upper bounds leave room for a loaded machine. */
import { span, type Span } from './constants';

export const OPERATION_CONSTANTS = {
  recoveryBegins: span(0.5, 2, 'the drill: the command is given 1 s after the blow'),
  controlPlane: span(1, 8, 'estimated from a few runs: the Kubernetes API answers again (EKS runs on by itself)'),
  workloadsHeld: span(0.5, 6, 'estimated from a few runs: workloads without pods, pods of machines that are off removed'),
  machines: span(2, 12, 'estimated from a few runs: kubelets report; an EC2 instance’s own start comes before'),
  clusterDns: span(1, 8, 'estimated from a few runs: CoreDNS on every machine is ready'),
  podStarts: span(1, 8, 'estimated from a few runs: pod placed, volume mounted, programs started'),
  memberUnique: span(0, 7, 'Patroni: a member asks at its old address whether somebody has its name before it starts'),
  crashRecovery: span(0.3, 3, 'estimated from a few runs: PostgreSQL replays its log, or gives up for a standby (primaryStartTimeout 0)'),
  besideABatch: span(0, 2, 'estimated from a few runs: a commit beside one batch that is being flushed to the synchronous standbys'),
  poolsFilled: span(1, 8, 'the drill: a transaction on every connection of every pool'),
  sessionsAge: span(5, 7, 'the drill: sessions idle for 5 s before somebody looks'),
  lookAndEnd: span(1, 15, 'estimated from a few runs: `holdfast connections list`, then `end-long`, on a loaded machine'),
  looks: span(0.5, 6, 'bin/recovery: a look at the region before and after each stage'),
} as const satisfies Readonly<Record<string, Span>>;
