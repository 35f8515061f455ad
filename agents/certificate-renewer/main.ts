/** Renews the certificate that the gateway serves: `certificate-renewer [configuration file]`. One works at a time; others wait. */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { certificatesIn } from '../../lib/operations/certificates/chain';
import { RENEWER, RENEWER_CONFIG_DIR, type RenewerConfig } from '../../lib/services/certificates';
import { LeaseHeldError } from '../held-lease';
import { makeLog, onChange, reasonOf } from '../follower/log';
import { inCluster, Kubernetes } from '../restore/kubernetes';
import { issueByCertbot } from './certbot';
import { asOnlyRenewer } from './lease';
import { renderMetrics } from './metrics';
import { notifier } from './notify';
import { look, newState, type RenewerPorts, type RenewerState } from './renew';
import { CertificateSecrets } from './secrets';

const log = makeLog((line) => process.stdout.write(`${line}\n`));
const logChanges = onChange(log);
/** A look that has not come for so many times its pause hangs. */
const HANGING_LOOKS = 3;
/** certbot's longest run, and more. */
const LEAST_PATIENCE_MS = 600_000;

const portsFor = (config: RenewerConfig, api: Kubernetes, signal: AbortSignal): RenewerPorts => {
  const secrets = new CertificateSecrets(api, config.namespace);
  return {
    now: Date.now,
    roots: () => certificatesIn(readFileSync(config.rootsFile, 'utf8')),
    installed: () => secrets.installed(),
    install: async (next, previous) => {
      signal.throwIfAborted();
      await secrets.install(next, previous);
    },
    account: () => secrets.account(),
    keepAccount: (account) => secrets.keepAccount(account),
    issue: (account) => issueByCertbot(config, account, signal),
    notify: notifier(config, api, log),
    log,
  };
};

/** The token of the service account is read anew each time: it is replaced while this runs. */
const turn = async (config: RenewerConfig, state: RenewerState, signal: AbortSignal): Promise<void> => {
  const api = new Kubernetes(inCluster(process.env));
  const lease = { cluster: api, namespace: config.namespace, name: RENEWER, holder: hostname(), now: Date.now, log: (line: string) => log('lease', line) };
  try {
    const decision = await asOnlyRenewer(lease, signal, (held) => look(config, portsFor(config, api, held), state));
    logChanges('decision', `${decision.kind}: ${decision.because.replace(/ in \d+ s/, ' soon')}`);
  } catch (error) {
    if (error instanceof LeaseHeldError) logChanges('waiting', 'another renewer works', { because: error.message });
    else logChanges('not looked', reasonOf(error));
    if (error instanceof LeaseHeldError) state.lastLookAt = Date.now();
  } finally {
    api.close();
  }
};

const serve = ({ listen, checkEvery }: RenewerConfig, state: RenewerState, startedAt: number): ReturnType<typeof createServer> =>
  createServer((request, response) => {
    const patience = Math.max(LEAST_PATIENCE_MS, HANGING_LOOKS * checkEvery * 1000);
    const alive = Date.now() - (state.lastLookAt ?? startedAt) < patience;
    if (request.url === '/metrics') response.setHeader('content-type', 'text/plain; version=0.0.4').end(renderMetrics(state));
    else if (request.url === '/health') response.writeHead(alive ? 200 : 503).end(`${alive ? 'alive' : 'no look for too long'}\n`);
    else if (request.url === '/status') response.setHeader('content-type', 'application/json').end(JSON.stringify(state));
    else response.writeHead(404).end();
  }).listen(listen.port, listen.host);

const main = async (): Promise<void> => {
  const config = JSON.parse(readFileSync(process.argv[2] ?? `${RENEWER_CONFIG_DIR}/certificate-renewer.json`, 'utf8')) as RenewerConfig;
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop.abort());
  const state = newState();
  const server = serve(config, state, Date.now());
  while (!stop.signal.aborted) {
    await turn(config, state, stop.signal);
    // After a failure the next try is due sooner than the next look.
    const pause = state.failedAt === null ? config.checkEvery : Math.min(config.checkEvery, config.retryEvery);
    await sleep(pause * 1000, undefined, { signal: stop.signal }).catch(() => undefined); // told to stop
  }
  server.close();
  server.closeAllConnections();
};

main().then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`${RENEWER}: ${reasonOf(error)}\n`);
    process.exit(1);
  },
);
