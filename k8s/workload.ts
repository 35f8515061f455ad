import { ApiObject, Chart } from 'cdk8s';
import { IntOrString, KubePodDisruptionBudget, KubeService, KubeServiceAccount } from 'cdk8s-plus-27/lib/imports/k8s';
import type { Construct } from 'constructs';
import type { Workload } from '../lib/topology/types-workloads';
import { analysisOf, defineAnalysis } from './analysis';
import { type ChartContext, servicePorts } from './data-chart';
import { canaryService, inApplications, workloadLabels, workloadSelector } from './workload-names';
import { podTemplate } from './workload-pods';
import { followLoad } from './workload-scaling';
import { restrictWorkload } from './workload-traffic';

/**
 * 0: a release that was taken back keeps its one pod, which nobody is sent to, until the next change: somebody has to find out why. With a delay, Argo
 * Rollouts 1.10.2 leaves its mark of it on the empty set for good, and no later release ever runs into its deadline.
 */
const ABORTED_STAYS_SECONDS = 0;
const ROLLOUT_API_VERSION = 'argoproj.io/v1alpha1';

/** A service of a user: its releases, how many of it there are, who may talk to it, and what it may talk to. */
export class WorkloadChart extends Chart {
  constructor(
    scope: Construct,
    private readonly context: ChartContext,
    private readonly workload: Workload,
  ) {
    super(scope, `workload-${workload.name}`, { disableResourceNameHashes: true });
    const { name } = workload;
    new KubeServiceAccount(this, 'account', { metadata: this.metadata(name), automountServiceAccountToken: false });
    this.defineService('service', name);
    this.defineService('canary', canaryService(name));
    restrictWorkload(this, context, workload);
    this.disruptOneAtATime();
    defineAnalysis(this, context, workload);
    this.defineReleases();
    followLoad(this, context, workload);
  }

  private metadata(name: string): { name: string; namespace: string; labels: Record<string, string> } {
    return inApplications(name, workloadLabels(this.workload.name, this.context.environment));
  }

  /** Without an address of its own: whoever asks sees each pod. The controller adds to the selector which release it is. */
  private defineService(id: string, name: string): void {
    const ports = Object.fromEntries(this.workload.ports.map((p) => [p.name, p.port]));
    new KubeService(this, id, {
      metadata: this.metadata(name),
      spec: { clusterIp: 'None', selector: workloadSelector(this.workload.name), ports: servicePorts(ports) },
    });
  }

  /** One at a time; a pod that isn't ready anyway may always be evicted, or a broken one would block every drain. */
  private disruptOneAtATime(): void {
    const { name } = this.workload;
    new KubePodDisruptionBudget(this, 'disruption-budget', {
      metadata: this.metadata(name),
      spec: { maxUnavailable: IntOrString.fromNumber(1), unhealthyPodEvictionPolicy: 'AlwaysAllow', selector: { matchLabels: workloadSelector(name) } },
    });
  }

  /**
   * The new release stands beside the old one: first one pod, which only the analysis asks; then as many as there are of the old one; then it serves instead, all at once.
   * So there are never fewer pods than wanted, and nobody is served by a release that has not shown what it does. How many there are is not said here: that is the
   * autoscaler's, and applying this again must not undo it.
   */
  private defineReleases(): void {
    const { workload, context } = this;
    const { progressDeadline, formerStays, keepReleases } = workload.rollout;
    new ApiObject(this, 'rollout', {
      apiVersion: ROLLOUT_API_VERSION,
      kind: 'Rollout',
      metadata: this.metadata(workload.name),
      spec: {
        selector: { matchLabels: workloadSelector(workload.name) },
        minReadySeconds: 2,
        progressDeadlineSeconds: progressDeadline,
        progressDeadlineAbort: true,
        revisionHistoryLimit: keepReleases,
        strategy: {
          blueGreen: {
            activeService: workload.name,
            previewService: canaryService(workload.name),
            previewReplicaCount: 1,
            autoPromotionEnabled: true,
            prePromotionAnalysis: analysisOf(workload),
            scaleDownDelaySeconds: formerStays,
            abortScaleDownDelaySeconds: ABORTED_STAYS_SECONDS,
          },
        },
        template: podTemplate(workload, context),
      },
    });
  }
}
