/**
 * What a release has to show before a user meets it: a job sends requests to the new pods alone, and judges errors and the 99th percentile
 * (ADR 0812). Never ready is the Rollout's progress deadline; ready but wrong or slow is this.
 */
import { ApiObject } from 'cdk8s';
import { IntOrString, KubeConfigMap, KubeNetworkPolicy, type PodSpec } from 'cdk8s-plus-27/lib/imports/k8s';
import type { Construct } from 'constructs';
import { RELEASE_CHECK_DIR, RELEASE_CHECK_FILE, releaseCheckConfig, releaseCheckDeadlineSeconds, releaseCheckName } from '../lib/services/release-check';
import { RELEASE_CHECK_RESOURCES } from '../lib/topology/controllers';
import type { Workload } from '../lib/topology/types-workloads';
import type { ChartContext } from './data-chart';
import { APPLICATION_NAMESPACE } from './names';
import { dns } from './network-policies';
import { configVolume, container, ordinaryPod, readOnly, resources } from './pods';

/** The checking job's pods: workloads let them in on the port that is checked. */
export const RELEASE_CHECK_LABEL = { 'app.kubernetes.io/name': 'release-check' };
const KEEP_FINISHED_SECONDS = 3600;

/** For `prePromotionAnalysis` (blue-green) or a step (canary) of the workload's Rollout. */
export const analysisOf = (workload: Workload): { readonly templates: readonly { readonly templateName: string }[] } => ({
  templates: [{ templateName: releaseCheckName(workload) }],
});

/** The AnalysisTemplate `<name>-release`, its configuration, and the way from the job to the pods. */
export const defineAnalysis = (scope: Construct, context: ChartContext, workload: Workload): void => {
  const name = releaseCheckName(workload);
  const labels = { 'app.kubernetes.io/part-of': 'holdfast', 'app.kubernetes.io/instance': context.environment.name };
  const metadata = { name, namespace: APPLICATION_NAMESPACE, labels };
  const configuration = { [RELEASE_CHECK_FILE]: `${JSON.stringify(releaseCheckConfig(workload, APPLICATION_NAMESPACE), null, 2)}\n` };
  new KubeConfigMap(scope, `${name}-configuration`, { metadata, data: configuration });
  new ApiObject(scope, `${name}-template`, {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'AnalysisTemplate',
    metadata,
    spec: { metrics: [{ name: 'requests', failureLimit: 0, provider: { job: { spec: jobSpec(context, workload) } } }] },
  });
  allowChecks(scope, workload);
};

const jobSpec = (context: ChartContext, workload: Workload): object => ({
  // A second try would be a second chance.
  backoffLimit: 0,
  activeDeadlineSeconds: releaseCheckDeadlineSeconds(workload),
  ttlSecondsAfterFinished: KEEP_FINISHED_SECONDS,
  template: { metadata: { labels: { ...RELEASE_CHECK_LABEL, ...checkedLabel(workload) } }, spec: podSpec(context, workload) },
});

const checkedLabel = ({ name }: Workload): Record<string, string> => ({ 'holdfast.dev/checks': name });

const podSpec = ({ platform }: ChartContext, workload: Workload): PodSpec => {
  // Not of the data tier's priority: it makes room for the workload, not the reverse.
  return {
    ...ordinaryPod,
    restartPolicy: 'Never',
    containers: [
      container({
        name: 'release-check',
        image: platform.images.agent,
        imagePullPolicy: platform.imagePullPolicy,
        command: ['node', '--max-old-space-size=48', '/opt/holdfast/release-check.js', `${RELEASE_CHECK_DIR}/${RELEASE_CHECK_FILE}`],
        resources: plainResources(),
        volumeMounts: [readOnly('configuration', RELEASE_CHECK_DIR)],
      }),
    ],
    volumes: [configVolume('configuration', releaseCheckName(workload))],
  };
};

/** Quantities as text: this object is none of the typed ones, which would write them out. */
const plainResources = (): ReturnType<typeof resources> => {
  const { requests, limits } = resources(RELEASE_CHECK_RESOURCES);
  const plain = (of: typeof requests): Record<string, unknown> => Object.fromEntries(Object.entries(of ?? {}).map(([key, { value }]) => [key, value]));
  return { requests: plain(requests), limits: plain(limits) } as ReturnType<typeof resources>;
};

const allowChecks = (scope: Construct, workload: Workload): void => {
  const { port } = releaseCheckConfig(workload, APPLICATION_NAMESPACE);
  new KubeNetworkPolicy(scope, `${releaseCheckName(workload)}-policy`, {
    metadata: { name: releaseCheckName(workload), namespace: APPLICATION_NAMESPACE },
    spec: {
      podSelector: { matchLabels: { ...RELEASE_CHECK_LABEL, ...checkedLabel(workload) } },
      policyTypes: ['Ingress', 'Egress'],
      ingress: [],
      egress: [
        {
          to: [{ podSelector: { matchLabels: { 'app.kubernetes.io/name': workload.name } } }],
          ports: [{ protocol: 'TCP', port: IntOrString.fromNumber(port) }],
        },
        dns,
      ],
    },
  });
};
