/** What drills of certificates look at: what the monitor says, what the renewer says, and what the gateways serve. */
import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import type { ServedCertificate } from '../../lib/operations/certificates/served';
import { GATEWAY_TLS_SECRET, MONITOR, MONITOR_PORT, type PREVIOUS_TLS_SECRET, RENEW_ANNOTATION, RENEWER, RENEWER_PORT } from '../../lib/services/certificates';
import { APPLICATION_NAMESPACE, NAMESPACE } from '../../lib/topology/derive';
import { ApiError, isReady, type KubernetesApi, type Pod } from '../kubernetes/api';
import { NotSteadyError } from '../drill/run';

const TIMEOUT_MS = 3000;

const getJson = (host: string, port: number, path: string): Promise<unknown> =>
  new Promise((resolve, reject) => {
    const outgoing = request({ host, port, path, timeout: TIMEOUT_MS }, (answer) => {
      text(answer).then((body) => resolve(JSON.parse(body) as unknown), reject);
    });
    outgoing.on('timeout', () => outgoing.destroy(new Error(`${host}:${port}${path}: no answer`)));
    outgoing.on('error', reject);
    outgoing.end();
  });

const addressOf = async (api: KubernetesApi, namespace: string, name: string): Promise<string> => {
  const pods = await api.list<Pod>(`/api/v1/namespaces/${namespace}/pods?labelSelector=app.kubernetes.io/name%3D${name}`);
  const address = pods.find((pod) => isReady(pod) && pod.metadata.deletionTimestamp === undefined)?.status.podIP;
  if (address === undefined) throw new NotSteadyError(`no pod of ${name} is ready`);
  return address;
};

export interface MonitorSight {
  readonly served: readonly ServedCertificate[];
  /** Milliseconds since the epoch. */
  readonly lookedAt: number | null;
}

export const monitorSight = async (api: KubernetesApi): Promise<MonitorSight> =>
  (await getJson(await addressOf(api, NAMESPACE, MONITOR), MONITOR_PORT, '/certificates')) as MonitorSight;

/** As agents/certificate-renewer/renew.ts has it. */
export interface RenewerSight {
  readonly failures: number;
  readonly renewals: number;
  readonly accountsRegisteredAnew: number;
  readonly lastFailure: string | null;
  readonly notAfter: number | null;
}

export const renewerSight = async (api: KubernetesApi): Promise<RenewerSight> =>
  (await getJson(await addressOf(api, APPLICATION_NAMESPACE, RENEWER), RENEWER_PORT, '/status')) as RenewerSight;

const secretPath = (name: string): string => `/api/v1/namespaces/${APPLICATION_NAMESPACE}/secrets/${name}`;

/** PEM of the Secret's certificate; empty: there is none. */
export const installedChain = async (api: KubernetesApi, name: typeof GATEWAY_TLS_SECRET | typeof PREVIOUS_TLS_SECRET): Promise<string> => {
  const found = await api.get<{ data?: Record<string, string> }>(secretPath(name)).catch((error: unknown) => {
    // An API server that says nothing of it has not said that there is none.
    if (error instanceof ApiError && error.status === 404) return undefined;
    throw error;
  });
  return Buffer.from(found?.data?.['tls.crt'] ?? '', 'base64').toString('utf8');
};

/** As `holdfast certificates renew` asks. */
export const askForAnother = (api: KubernetesApi): Promise<void> =>
  api.patch(secretPath(GATEWAY_TLS_SECRET), { metadata: { annotations: { [RENEW_ANNOTATION]: new Date().toISOString() } } });
