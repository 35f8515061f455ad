/** Where the platform issues certificates: cert-manager objects (its CRDs have no types in cdk8s-plus; these are the fields we use). */
import { ApiObject } from 'cdk8s';
import type { Construct } from 'constructs';
import { CACHE_SERVICE } from '../lib/services/cache-keeper';
import { BACKUP_CLIENT } from '../lib/services/pgbackrest';
import { delayedReplicaName, postgresName } from '../lib/topology/derive';
import { MAINTENANCE_ROLE } from '../lib/topology/maintenance';
import type { Environment } from '../lib/topology/types';
import { days } from '../lib/topology/units';
import { FAILOVER_CLIENT, hasPeers } from '../lib/topology/regions';
import type { ChartContext } from './data-chart';
import { NAMESPACE, TLS_SECRETS } from './names';
import { handOverClient, shareAuthority } from './shared-secrets';

type Usage = 'server auth' | 'client auth' | 'digital signature' | 'cert sign' | 'crl sign';

interface CertificateSpec {
  readonly secretName: string;
  readonly commonName: string;
  readonly dnsNames?: readonly string[];
  readonly ipAddresses?: readonly string[];
  readonly usages: readonly Usage[];
  readonly duration: string;
  readonly renewBefore: string;
  readonly isCA?: boolean;
  readonly privateKey: { readonly algorithm: 'ECDSA'; readonly size: 256 | 384; readonly rotationPolicy: 'Always' | 'Never' };
  readonly issuerRef: { readonly name: string; readonly kind: 'Issuer' };
}

const API_VERSION = 'cert-manager.io/v1';
const BOOTSTRAP_ISSUER = 'holdfast-bootstrap';
const CA = 'holdfast-ca';
/** Where a region made the authority that all regions of the environment were given then; a cluster that is made anew makes another one, which nobody uses. */
const AUTHORITY_SEED = 'holdfast-ca-seed';

/** A certificate authority of the environment's own, in namespace `data`: no outside party is needed to issue or renew. */
export const issueOwnCertificates = (scope: Construct, context: ChartContext): void => {
  const shared = hasPeers(context.environment);
  if (!shared) generateAuthority(scope, CA);
  if (shared && context.region.role === 'home') generateAuthority(scope, AUTHORITY_SEED);
  if (shared) shareAuthority(scope, context, { seed: AUTHORITY_SEED, authority: CA });
  issuer(scope, CA, { ca: { secretName: CA } });
};

const generateAuthority = (scope: Construct, name: string): void => {
  issuer(scope, BOOTSTRAP_ISSUER, { selfSigned: {} });
  certificate(scope, name, {
    secretName: name,
    commonName: CA,
    isCA: true,
    usages: ['cert sign', 'crl sign', 'digital signature'],
    duration: hoursOf(days(3650)),
    renewBefore: hoursOf(days(365)),
    // Every member trusts this key: replacing it is an operation of its own, with both trusted for a while.
    privateKey: { algorithm: 'ECDSA', size: 384, rotationPolicy: 'Never' },
    issuerRef: { name: BOOTSTRAP_ISSUER, kind: 'Issuer' },
  });
};

export const requestEtcdCertificates = (scope: Construct, { environment }: ChartContext): void => {
  const dnsNames = [...serviceNames('etcd', '*.'), ...serviceNames('etcd'), 'localhost'];
  request(scope, environment, { secretName: TLS_SECRETS.etcdPeer, commonName: 'etcd-peer', dnsNames, usages: ['server auth', 'client auth'] });
  // etcd's own JSON gateway, which Patroni uses, logs in to etcd with the server's certificate: it must be good for a client as well.
  request(scope, environment, { secretName: TLS_SECRETS.etcdServer, commonName: 'etcd-server', dnsNames, usages: ['server auth', 'client auth'] });
  request(scope, environment, { secretName: TLS_SECRETS.etcdClient, commonName: 'holdfast', usages: ['client auth'] });
};

export const requestPostgresCertificates = (scope: Construct, { environment, region }: ChartContext): void => {
  const names = [postgresName(region), ...(environment.backups.delayedReplica === null ? [] : [delayedReplicaName(region)])];
  request(scope, environment, {
    secretName: TLS_SECRETS.postgres,
    commonName: postgresName(region),
    // The replica that stays behind is a server of its own with this certificate: jobs that steer it check its name.
    dnsNames: [...names.flatMap((name) => [...serviceNames(name, '*.'), ...serviceNames(name)]), 'localhost'],
    ipAddresses: ['127.0.0.1'],
    usages: ['server auth'],
  });
  request(scope, environment, { secretName: TLS_SECRETS.patroniClient, commonName: 'holdfast-patroni', usages: ['client auth'] });
  request(scope, environment, { secretName: TLS_SECRETS.backupClient, commonName: BACKUP_CLIENT, usages: ['client auth'] });
};

export const requestPoolerCertificate = (scope: Construct, context: ChartContext): void => {
  const { environment } = context;
  const dnsNames = ['pgbouncer', `pgbouncer.${NAMESPACE}`, ...serviceNames('pgbouncer')];
  request(scope, environment, { secretName: TLS_SECRETS.pgbouncer, commonName: 'pgbouncer', dnsNames, usages: ['server auth'] });
  if (environment.failover === null) return;
  request(scope, environment, { secretName: TLS_SECRETS.failover, commonName: FAILOVER_CLIENT, usages: ['client auth'] });
  handOverClient(scope, context, TLS_SECRETS.failover);
};

/** Its name is the role that PostgreSQL takes it for. */
export const requestMaintenanceCertificate = (scope: Construct, { environment }: ChartContext): void =>
  request(scope, environment, { secretName: TLS_SECRETS.maintenance, commonName: MAINTENANCE_ROLE, usages: ['client auth'] });

/** Nodes of the cache talk to each other with it, both ways, and clients see it. */
export const requestCacheCertificate = (scope: Construct, { environment }: ChartContext): void => {
  const dnsNames = [...serviceNames(CACHE_SERVICE, '*.'), ...serviceNames(CACHE_SERVICE), 'localhost'];
  request(scope, environment, { secretName: TLS_SECRETS.cache, commonName: CACHE_SERVICE, dnsNames, usages: ['server auth', 'client auth'] });
};

/** Of a controller outside of namespace `data`: it signs for itself, since only the API server asks it, which is told whom to believe. */
export const requestControllerCertificate = (
  scope: Construct,
  { environment: { certificates } }: ChartContext,
  { secretName, namespace, dnsNames }: { readonly secretName: string; readonly namespace: string; readonly dnsNames: readonly string[] },
): void => {
  const name = `${secretName}-own`;
  new ApiObject(scope, `issuer-${name}`, { apiVersion: API_VERSION, kind: 'Issuer', metadata: { name, namespace }, spec: { selfSigned: {} } });
  const spec: CertificateSpec = {
    secretName,
    commonName: dnsNames[0] ?? secretName,
    dnsNames,
    usages: ['digital signature', 'server auth'],
    duration: hoursOf(certificates.lifetime),
    renewBefore: hoursOf(certificates.renewBefore),
    privateKey: { algorithm: 'ECDSA', size: 256, rotationPolicy: 'Always' },
    issuerRef: { name, kind: 'Issuer' },
  };
  new ApiObject(scope, `certificate-${secretName}`, { apiVersion: API_VERSION, kind: 'Certificate', metadata: { name: secretName, namespace }, spec });
};

const serviceNames = (service: string, prefix = ''): string[] =>
  [`${service}.${NAMESPACE}.svc`, `${service}.${NAMESPACE}.svc.cluster.local`].map((name) => `${prefix}${name}`);

const request = (
  scope: Construct,
  { certificates }: Environment,
  spec: Pick<CertificateSpec, 'secretName' | 'commonName' | 'dnsNames' | 'ipAddresses' | 'usages'>,
): void => {
  certificate(scope, spec.secretName, {
    ...spec,
    usages: ['digital signature', ...spec.usages],
    duration: hoursOf(certificates.lifetime),
    renewBefore: hoursOf(certificates.renewBefore),
    privateKey: { algorithm: 'ECDSA', size: 256, rotationPolicy: 'Always' },
    issuerRef: { name: CA, kind: 'Issuer' },
  });
};

const certificate = (scope: Construct, name: string, spec: CertificateSpec): void => {
  new ApiObject(scope, `certificate-${name}`, { apiVersion: API_VERSION, kind: 'Certificate', metadata: { name, namespace: NAMESPACE }, spec });
};

const issuer = (scope: Construct, name: string, spec: { readonly selfSigned: object } | { readonly ca: { readonly secretName: string } }): void => {
  new ApiObject(scope, `issuer-${name}`, { apiVersion: API_VERSION, kind: 'Issuer', metadata: { name, namespace: NAMESPACE }, spec });
};

/** cert-manager counts in Go durations. */
const hoursOf = (seconds: number): string => `${Math.round(seconds / 3600)}h0m0s`;
