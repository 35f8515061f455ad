/** The metrics adapter: what workloads say of themselves, for autoscalers (ADR 0811). Each replica asks and answers by itself. */
import { readFileSync } from 'node:fs';
import { createServer as createHealthServer } from 'node:http';
import type { Server } from 'node:https';
import { METRICS_ADAPTER_DIRS, METRICS_ADAPTER_FILE, type MetricsAdapterConfig } from '../../lib/services/metrics-adapter';
import { makeLog, onChange, reasonOf } from '../follower/log';
import { prometheusText } from '../prometheus-text';
import { inCluster, Kubernetes } from '../restore/kubernetes';
import { fetchText, type Pod, Poll } from './poll';
import { secureContext, serveApi } from './server';
import { announceAuthority, type Proxies, readCertificate, trustedProxies } from './trust';

const log = makeLog((line) => process.stdout.write(`${line}\n`));
const logChange = onChange(log);

const serveHealth = (config: MetricsAdapterConfig, poll: Poll): void => {
  createHealthServer((request, response) => {
    if (request.url === '/health/live') response.end('alive\n');
    else if (request.url === '/health/ready') response.writeHead(poll.isStale() ? 503 : 200).end(poll.isStale() ? 'no figures yet\n' : 'ready\n');
    else if (request.url === '/metrics') response.setHeader('content-type', 'text/plain; version=0.0.4').end(metricsText(config, poll));
    else response.writeHead(404).end();
  }).listen(config.healthPort);
};

const metricsText = ({ workloads }: MetricsAdapterConfig, poll: Poll): string =>
  prometheusText('holdfast_metrics_adapter_', [
    ['failures_total', 'counter', 'Pods that did not answer, and looks for pods that failed', poll.failures],
    ['stale', 'gauge', '1 while no figures are known', poll.isStale() ? 1 : 0],
    ...workloads.map(
      ({ name }) =>
        [
          'requests_per_second',
          'gauge',
          'Requests per second of all pods of a workload',
          poll.figure(name, 'requests-per-second'),
          `{workload="${name}"}`,
        ] as const,
    ),
    ...workloads.map(
      ({ name }) => ['queue_depth', 'gauge', "Entries in a workload's queue", poll.figure(name, 'queue-depth'), `{workload="${name}"}`] as const,
    ),
  ]);

/** Certificates are renewed while it runs. */
const keepTrust = async (kubernetes: Kubernetes, config: MetricsAdapterConfig, proxies: Proxies, server: Server): Promise<void> => {
  try {
    const certificate = readCertificate(config.tls);
    server.setSecureContext(secureContext(certificate, proxies));
    if (await announceAuthority(kubernetes, certificate.ca)) log('authority', 'told the API server whose certificate it is shown');
  } catch (error) {
    logChange('certificate', reasonOf(error));
  }
};

const forever = async (seconds: number, work: () => Promise<void>): Promise<never> => {
  for (;;) {
    await work();
    await new Promise((done) => setTimeout(done, seconds * 1000));
  }
};

const main = async (): Promise<void> => {
  const file = process.argv[2] ?? `${METRICS_ADAPTER_DIRS.configuration}/${METRICS_ADAPTER_FILE}`;
  const config = JSON.parse(readFileSync(file, 'utf8')) as MetricsAdapterConfig;
  const kubernetes = new Kubernetes(inCluster(process.env));
  const podsPath = (workload: string): string => `/api/v1/namespaces/${config.namespace}/pods?labelSelector=app.kubernetes.io/name%3D${workload}`;
  const poll = new Poll(config, {
    pods: (workload) => kubernetes.list<Pod>(podsPath(workload)),
    fetch: (url) => fetchText(url, config.requestTimeoutSeconds * 1000),
    now: () => performance.now() / 1000,
    log,
  });
  const proxies = await trustedProxies(kubernetes);
  const { namespace, apiPort } = config;
  const server = await serveApi({ port: apiPort, namespace, certificate: readCertificate(config.tls), proxies, figures: poll.figure });
  serveHealth(config, poll);
  await Promise.all([forever(config.pollSeconds, () => poll.round()), forever(30, () => keepTrust(kubernetes, config, proxies, server))]);
};

for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => process.exit(0));
main().catch((error: unknown) => {
  process.stderr.write(`metrics-adapter: ${reasonOf(error)}\n`);
  process.exit(1);
});
