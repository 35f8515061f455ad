/** Configuration of what renews certificates, of what watches those that are served, and of what measures clocks. */
import { CACHE_SERVICE } from './cache-keeper';
import { CACHE_PORT } from '../topology/cache-placement';
import {
  APPLICATION_NAMESPACE,
  ETCD_CLIENT_PORT,
  ETCD_PEER_PORT,
  etcdHost,
  etcdMemberNames,
  NAMESPACE,
  PATRONI_PORT,
  POOLER_PORT,
  POSTGRES_PORT,
  postgresMemberNames,
  postgresName,
} from '../topology/derive';
import { GATEWAY, GATEWAY_PORT, GATEWAY_TLS_SECRET } from '../topology/gateway';
import { ACME_DEFAULTS } from '../topology/defaults';
import type { Acme, CertificateThresholds, Clocks, Environment, Region } from '../topology/types';

export { GATEWAY_TLS_SECRET };
/** What was served before, for whoever has to go back. */
export const PREVIOUS_TLS_SECRET = 'gateway-tls-previous';
/** On the Secret: since when it has what it has, and when somebody asked for another certificate (RFC 3339). */
export const INSTALLED_ANNOTATION = 'holdfast.dev/installed-at';
export const RENEW_ANNOTATION = 'holdfast.dev/renew-requested-at';
/** The authority's account: its key. */
export const ACME_ACCOUNT_SECRET = 'acme-account';
export const RENEWER = 'certificate-renewer';
export const RENEWER_PORT = 9102;
export const RENEWER_CONFIG_DIR = '/etc/certificate-renewer';
/** Where certbot keeps its state, in memory. */
export const RENEWER_WORK_DIR = '/run/certificate-renewer';
export const MONITOR = 'certificate-monitor';
export const MONITOR_PORT = 9103;
export const MONITOR_CONFIG_DIR = '/etc/certificate-monitor';
/** The data tier's own authority. */
export const MONITOR_CA_DIR = '/etc/certificate-monitor-ca';
/** Authorities that only a lab has: `ca.crt` of its servers, `roots.pem` of its certificates. */
export const ACME_TRUST_DIR = '/etc/acme-trust';
export const ACME_TRUST_CONFIG_MAP = 'acme-trust';
export const CLOCK_MONITOR = 'clock-monitor';
export const CLOCK_MONITOR_PORT = 9104;
export const CLOCK_MONITOR_CONFIG_DIR = '/etc/clock-monitor';
/** Debian's, of what Mozilla trusts. */
export const SYSTEM_ROOTS_FILE = '/etc/ssl/certs/ca-certificates.crt';

/** Namespace and service account of cert-manager's controller, as EKS' add-on installs it. */
export const CERT_MANAGER = 'cert-manager';

/** Where the authority looks for its TXT records (RFC 8555, 8.4), as Route 53 writes names. A wildcard is proved by the name that it stands below. */
export const challengeNames = (names: readonly string[]): readonly string[] => [
  ...new Set(names.map((name) => `_acme-challenge.${name.replace(/^\*\./, '')}`)),
];

/** `public`: what everybody trusts; `lab`: the authorities in `ACME_TRUST_DIR`. */
export type AcmeTrust = 'public' | 'lab';

export interface RenewerConfig extends Pick<Acme, 'directory' | 'contact' | 'names' | 'renewBefore' | 'retryEvery' | 'checkEvery' | 'thresholds'> {
  readonly environment: string;
  readonly namespace: string;
  /** PEM file with the roots that a new certificate has to lead to; read again each time. */
  readonly rootsFile: string;
  readonly workDirectory: string;
  /** ARN of the topic that is told of renewals and failures, or null: they are logged and recorded as events only. */
  readonly topic: string | null;
  readonly listen: { readonly host: string; readonly port: number };
}

export const renewerConfig = (environment: Environment, acme: Acme, trust: AcmeTrust, topic: string | null): RenewerConfig => ({
  environment: environment.name,
  namespace: APPLICATION_NAMESPACE,
  directory: acme.directory,
  contact: acme.contact,
  names: acme.names,
  renewBefore: acme.renewBefore,
  retryEvery: acme.retryEvery,
  checkEvery: acme.checkEvery,
  thresholds: acme.thresholds,
  rootsFile: trust === 'public' ? SYSTEM_ROOTS_FILE : `${ACME_TRUST_DIR}/roots.pem`,
  workDirectory: RENEWER_WORK_DIR,
  topic,
  listen: { host: '0.0.0.0', port: RENEWER_PORT },
});

/** Pods of one component, and what each of them must serve on a port. */
export interface WatchedPort {
  readonly component: string;
  readonly namespace: string;
  readonly port: number;
  /** `postgres`: TLS begins after a request for it. */
  readonly speaks: 'tls' | 'postgres';
  /** What clients ask for; `{pod}` is the pod's name. */
  readonly names: readonly string[];
  /** Whose certificate it is: the data tier's own authority, or one that the public trusts. */
  readonly trust: 'own' | 'public';
}

/** A name that clients outside call, wherever it leads. */
export interface WatchedName {
  readonly host: string;
  readonly port: number;
}

const domain = `${NAMESPACE}.svc.cluster.local`;
const ownTls = (component: string, port: number, names: readonly string[], speaks: WatchedPort['speaks'] = 'tls'): WatchedPort => ({
  component,
  namespace: NAMESPACE,
  port,
  speaks,
  names,
  trust: 'own',
});

/** Every port that speaks TLS in a region. */
export const watchedPorts = (environment: Environment, region: Region): readonly WatchedPort[] => {
  const [etcd = 'etcd-0'] = etcdMemberNames(region);
  const etcdName = etcdHost(etcd).replace(etcd, '{pod}');
  const members = postgresMemberNames(region).length > 0 ? [`{pod}.${postgresName(region)}.${domain}`] : [];
  const cache = environment.cache === null ? [] : [ownTls('cache', CACHE_PORT, [`{pod}.${CACHE_SERVICE}.${domain}`])];
  const gateway: readonly WatchedPort[] =
    environment.acme === null
      ? []
      : [
          {
            component: GATEWAY,
            namespace: APPLICATION_NAMESPACE,
            port: GATEWAY_PORT,
            speaks: 'tls',
            names: environment.acme.names.map((name) => name.replace(/^\*\./, 'any.')),
            trust: 'public',
          },
        ];
  return [
    ...gateway,
    ownTls('etcd', ETCD_CLIENT_PORT, [etcdName]),
    ownTls('etcd', ETCD_PEER_PORT, [etcdName]),
    ownTls('postgres', POSTGRES_PORT, members, 'postgres'),
    ownTls('postgres', PATRONI_PORT, members),
    ownTls('pgbouncer', POOLER_PORT, [`pgbouncer.${domain}`], 'postgres'),
    ...cache,
  ];
};

export interface MonitorConfig {
  readonly environment: string;
  readonly ports: readonly WatchedPort[];
  readonly names: readonly WatchedName[];
  /** Of certificates that the public trusts, and of the data tier's own. */
  readonly thresholdsOf: Readonly<Record<WatchedPort['trust'], CertificateThresholds>>;
  readonly checkEvery: number;
  readonly rootsFile: string;
  /** PEM of the data tier's own authority. */
  readonly ownRootsFile: string;
  readonly listen: { readonly host: string; readonly port: number };
}

/** The data tier's own certificates are told of in proportion to their life. */
const OWN_THRESHOLDS = { warning: 0.3, high: 0.15, critical: 0.075, emergency: 0.01 } as const;
const CHECK_OWN_EVERY = 3600;

/** Of an environment's own certificates: never before their renewal is due. */
export const ownThresholds = ({ certificates: { lifetime, renewBefore } }: Environment): CertificateThresholds => {
  const share = (part: number): CertificateThresholds['warning'] =>
    Math.min(lifetime * part, renewBefore * (part / OWN_THRESHOLDS.warning)) as CertificateThresholds['warning'];
  return {
    warning: share(OWN_THRESHOLDS.warning),
    high: share(OWN_THRESHOLDS.high),
    critical: share(OWN_THRESHOLDS.critical),
    emergency: share(OWN_THRESHOLDS.emergency),
  };
};

export const monitorConfig = (environment: Environment, region: Region, trust: AcmeTrust): MonitorConfig => ({
  environment: environment.name,
  ports: watchedPorts(environment, region),
  // What is reached from inside a lab by a public name is nothing: it has no public DNS.
  names:
    environment.acme === null || trust === 'lab' ? [] : environment.acme.names.filter((name) => !name.startsWith('*.')).map((host) => ({ host, port: 443 })),
  thresholdsOf: { own: ownThresholds(environment), public: environment.acme?.thresholds ?? ACME_DEFAULTS.thresholds },
  checkEvery: Math.min(CHECK_OWN_EVERY, environment.acme?.checkEvery ?? CHECK_OWN_EVERY),
  rootsFile: trust === 'public' ? SYSTEM_ROOTS_FILE : `${ACME_TRUST_DIR}/roots.pem`,
  ownRootsFile: `${MONITOR_CA_DIR}/ca.crt`,
  listen: { host: '0.0.0.0', port: MONITOR_PORT },
});

export interface ClockMonitorConfig extends Pick<Clocks, 'sources' | 'maxOffset' | 'checkEvery'> {
  readonly listen: { readonly host: string; readonly port: number };
}

export const clockMonitorConfig = ({ clocks }: Environment): ClockMonitorConfig => ({
  sources: clocks.sources,
  maxOffset: clocks.maxOffset,
  checkEvery: clocks.checkEvery,
  listen: { host: '0.0.0.0', port: CLOCK_MONITOR_PORT },
});

export const configText = (config: RenewerConfig | MonitorConfig | ClockMonitorConfig): string => `${JSON.stringify(config, null, 2)}\n`;
