/** Argo Rollouts and metrics-server: their versions, and where their publishers have them. The lab builds the same versions from their modules. */
export const ROLLOUTS_VERSION = '1.10.2';
export const METRICS_SERVER_VERSION = '0.9.0';
export const ROLLOUTS_IMAGE = `quay.io/argoproj/argo-rollouts:v${ROLLOUTS_VERSION}`;
export const METRICS_SERVER_IMAGE = `registry.k8s.io/metrics-server/metrics-server:v${METRICS_SERVER_VERSION}`;
