import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { lookAtAll } from '../../agents/certificate-monitor/look';
import { servedChain } from '../../agents/served-chain';
import { hasAuthority } from '../../lab/acme/settings';
import { roots } from '../../lab/acme/start';
import { readCredentials } from '../../lab/secrets';
import type { LabSettings } from '../../lab/settings';
import { certificatesIn } from '../../lib/operations/certificates/chain';
import { certificateRows, judgeServed, type ServedCertificate } from '../../lib/operations/certificates/served';
import { MONITOR, monitorConfig, SYSTEM_ROOTS_FILE } from '../../lib/services/certificates';
import { ACME_DEFAULTS } from '../../lib/topology/defaults';
import { defineEnvironment } from '../../lib/topology/define';
import { NAMESPACE } from '../../lib/topology/derive';
import { inputNamed } from '../environments';
import { EXIT, ExpectedError, UsageError } from '../exit';
import { inLab } from '../in-lab';
import { kubectlCluster } from '../recovery/cluster';
import { columns, print, printJson } from '../terminal';

interface Options {
  readonly lab?: string;
  readonly kubeconfig?: string;
  readonly kubectl: string;
  readonly endpoint: readonly string[];
  readonly json?: boolean;
}

const report = (served: readonly ServedCertificate[], json: boolean): number => {
  if (json) printJson({ certificates: served });
  else print(columns(certificateRows(served).map((row) => [...row])).join('\n'));
  return served.every(({ level }) => level === 'ok') ? EXIT.ok : EXIT.failed;
};

/** Seen from the lab's own network, as its clients see it: nothing in the cluster is asked what it thinks. */
const ofLab = async (lab: LabSettings, api: Parameters<typeof lookAtAll>[1], json: boolean): Promise<number> => {
  const { ca } = await readCredentials(lab);
  const everybody = hasAuthority(lab) ? await roots(lab) : '';
  const rootsOf = { own: certificatesIn(ca), public: certificatesIn(`${ca}\n${everybody}`) };
  return report(await lookAtAll({ ...monitorConfig(lab.environment, lab.region, 'lab'), rootsOf }, api, Date.now), json);
};

/** What the environment's own monitor saw last: its network lets nobody else look. */
const ofEnvironment = async (name: string, { kubectl, kubeconfig, json }: Options): Promise<number> => {
  const environment = defineEnvironment(inputNamed(name));
  if (environment.acme === null)
    throw new ExpectedError(
      `environment "${name}" has no monitor of certificates: it has no acme. Look at one endpoint with --endpoint host:port`,
      EXIT.failed,
    );
  const cluster = kubectlCluster({ program: kubectl, kubeconfig });
  const pod = (await cluster.objects()).find(({ kind, metadata }) => kind === 'Pod' && metadata.labels?.['app.kubernetes.io/name'] === MONITOR);
  if (pod === undefined) throw new ExpectedError(`no pod of ${MONITOR} is there: see \`kubectl -n ${NAMESPACE} get pods\``, EXIT.failed);
  const program = `fetch('http://127.0.0.1:9103/certificates').then((r) => r.text()).then((t) => process.stdout.write(t))`;
  const text = await cluster.exec({ name: pod.metadata.name, namespace: NAMESPACE }, MONITOR, ['node', '--max-old-space-size=16', '-e', program]);
  const { served, lookedAt } = JSON.parse(text) as { readonly served: readonly ServedCertificate[]; readonly lookedAt: number | null };
  if (lookedAt === null) throw new ExpectedError(`${MONITOR} has not looked yet`, EXIT.failed);
  return report(served, json === true);
};

const ENDPOINT = /^(?<host>[a-zA-Z0-9.-]+):(?<port>\d{1,5})$/;

/** Any endpoint that this machine reaches, judged by what the public trusts. */
const ofEndpoints = async (endpoints: readonly string[], json: boolean): Promise<number> => {
  const trusted = certificatesIn(await readFile(SYSTEM_ROOTS_FILE, 'utf8'));
  const judging = { thresholds: ACME_DEFAULTS.thresholds, roots: trusted, now: Date.now() };
  const served = await Promise.all(
    endpoints.map(async (endpoint) => {
      const { host = '', port = '' } = ENDPOINT.exec(endpoint)?.groups ?? {};
      if (host === '' || Number(port) < 1 || Number(port) > 65_535)
        throw new UsageError(`--endpoint: given "${endpoint}"; allowed: host:port; fix: for example --endpoint app.example.com:443`);
      const asked = { endpoint, component: 'endpoint', names: [host] };
      const seen = await servedChain({ host, port: Number(port), speaks: 'tls', serverName: host }).then(
        (chain) => ({ ...asked, chain }),
        (error: unknown) => ({ ...asked, error: error instanceof Error ? error.message : String(error) }),
      );
      return judgeServed(seen, judging);
    }),
  );
  return report(served, json);
};

const run = async (environment: string | undefined, options: Options): Promise<number> => {
  const asked = [environment !== undefined, options.lab !== undefined, options.endpoint.length > 0].filter(Boolean).length;
  if (asked !== 1)
    throw new UsageError(
      'say where, once: an environment (holdfast certificates production), a lab (--lab lab), or endpoints (--endpoint app.example.com:443)',
    );
  if (options.endpoint.length > 0) return ofEndpoints(options.endpoint, options.json === true);
  if (environment !== undefined) return ofEnvironment(environment, options);
  const argv = ['certificates', '--lab', options.lab ?? '', ...(options.json === true ? ['--json'] : [])];
  return inLab(options.lab ?? '', argv, (lab, api) => ofLab(lab, api, options.json === true));
};

const collect = (value: string, before: readonly string[]): readonly string[] => [...before, value];

export const registerCertificates = (program: Command): void => {
  program
    .command('certificates')
    .argument('[environment]', 'which environment: what its monitor saw last')
    .description('the certificates that are served, with the time that is left of each, what ends first coming first')
    .option('--lab <name>', 'a lab: every port is looked at now')
    .option('--endpoint <host:port>', 'any endpoint; may be repeated', collect, [])
    .option('--kubeconfig <file>', "of the region's cluster (default: kubectl's own)")
    .option('--kubectl <program>', 'the kubectl to use', 'kubectl')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExit codes: 0 all are good, 1 one is below a threshold, refused by clients or not seen, 2 usage, 5 no lab')
    .action(async (environment: string | undefined, options: Options) => void (process.exitCode = await run(environment, options)));
};
