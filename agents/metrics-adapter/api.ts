/** The answers of external.metrics.k8s.io/v1beta1, as far as autoscalers and kubectl ask: a pure function of path and figures. */
import { EXTERNAL_METRICS_API, SCALING_METRICS, type ScalingMetric } from '../../lib/services/metrics-adapter';

export interface Answer {
  readonly status: number;
  readonly body: object;
}

/** undefined: not known. */
export type Figures = (workload: string, metric: ScalingMetric) => number | undefined;

const { group, version } = EXTERNAL_METRICS_API;
const GROUP_VERSION = `${group}/${version}`;
const METRICS: readonly string[] = Object.values(SCALING_METRICS);
const VALUE = new RegExp(`^/apis/${GROUP_VERSION.replaceAll('.', '\\.')}/namespaces/([^/]+)/([^/]+)$`);

const isMetric = (name: string): name is ScalingMetric => METRICS.includes(name);

const refusal = (code: number, reason: string, message: string): Answer => ({
  status: code,
  body: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', reason, message, code },
});

const resourceList = {
  kind: 'APIResourceList',
  apiVersion: 'v1',
  groupVersion: GROUP_VERSION,
  resources: METRICS.map((name) => ({ name, singularName: '', namespaced: true, kind: 'ExternalMetricValueList', verbs: ['get'] })),
};

const apiGroup = {
  kind: 'APIGroup',
  apiVersion: 'v1',
  name: group,
  versions: [{ groupVersion: GROUP_VERSION, version }],
  preferredVersion: { groupVersion: GROUP_VERSION, version },
};

/** Kubernetes' quantity, in thousandths. */
const milli = (value: number): string => `${Math.round(value * 1000)}m`;

/** `workload=<name>`, and nothing else. */
const workloadOf = (selector: string | null): string | undefined => /^workload(?:=|==|\s+in\s+\()([a-z0-9-]+)\)?$/.exec(selector ?? '')?.[1];

/**
 * @param namespace the only one that there are figures of
 * @param now for the figures' time stamps
 */
export const answer = (url: string, namespace: string, figures: Figures, now: Date): Answer => {
  const { pathname, searchParams } = new URL(url, 'https://adapter');
  if (pathname === '/apis') return { status: 200, body: { kind: 'APIGroupList', apiVersion: 'v1', groups: [apiGroup] } };
  if (pathname === `/apis/${group}`) return { status: 200, body: apiGroup };
  if (pathname === `/apis/${GROUP_VERSION}`) return { status: 200, body: resourceList };
  const [, askedNamespace, metric = ''] = VALUE.exec(pathname) ?? [];
  if (askedNamespace === undefined) return refusal(404, 'NotFound', `there is no ${pathname}`);
  if (!isMetric(metric)) return refusal(404, 'NotFound', `metric: given "${metric}"; allowed: ${METRICS.join(', ')}`);
  if (askedNamespace !== namespace) return refusal(404, 'NotFound', `namespace: given "${askedNamespace}"; allowed: ${namespace}`);
  const workload = workloadOf(searchParams.get('labelSelector'));
  if (workload === undefined) return refusal(400, 'BadRequest', `labelSelector: given "${searchParams.get('labelSelector') ?? ''}"; allowed: workload=<name>`);
  const value = figures(workload, metric);
  // An autoscaler without a figure does not scale down: the right thing to do when nobody knows.
  if (value === undefined) return refusal(503, 'ServiceUnavailable', `${metric} of ${workload} is not known`);
  const item = { metricName: metric, metricLabels: { workload }, timestamp: now.toISOString().replace(/\.\d+Z$/, 'Z'), value: milli(value) };
  return { status: 200, body: { kind: 'ExternalMetricValueList', apiVersion: GROUP_VERSION, metadata: {}, items: [item] } };
};
