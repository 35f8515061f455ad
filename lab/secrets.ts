/** What AWS Secrets Manager and cert-manager supply in production: Secrets of the same names and keys, made for one lab and gone with it. */
import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { NAMESPACE, postgresName } from '../lib/topology/derive';
import type { KubernetesObject } from './kubernetes/api';
import { createAuthority, issueCertificate, type CertificateRequest, type KeyPair } from './pki';
import type { PatroniClientTls } from './patroni';
import type { LabSettings } from './settings';

export interface Credentials {
  readonly superuser: string;
  readonly replication: string;
  readonly rewind: string;
  readonly application: string;
  /** PEM: the authority of the data tier, and a client certificate that Patroni and etcd accept. */
  readonly ca: string;
  readonly client: KeyPair;
}

const file = (lab: LabSettings): string => join(lab.directory, 'credentials.json');

export const readCredentials = async (lab: LabSettings): Promise<Credentials> => JSON.parse(await readFile(file(lab), 'utf8')) as Credentials;

export const clientTls = (credentials: Credentials): PatroniClientTls => ({
  ca: credentials.ca,
  cert: credentials.client.certificate,
  key: credentials.client.key,
});

const certificateRequests = (lab: LabSettings): Readonly<Record<string, CertificateRequest>> => {
  const domain = `${NAMESPACE}.svc.cluster.local`;
  const local = ['DNS:localhost', 'IP:127.0.0.1'];
  const etcdNames = [`DNS:*.etcd.${domain}`, `DNS:etcd.${domain}`, ...local];
  const postgres = postgresName(lab.region);
  return {
    'etcd-peer-tls': { commonName: 'etcd-peer', usages: ['serverAuth', 'clientAuth'], alternativeNames: etcdNames },
    'etcd-server-tls': { commonName: 'etcd-server', usages: ['serverAuth', 'clientAuth'], alternativeNames: etcdNames },
    'etcd-client-tls': { commonName: 'holdfast', usages: ['clientAuth'] },
    'postgres-server-tls': {
      commonName: 'postgres',
      usages: ['serverAuth'],
      alternativeNames: [`DNS:*.${postgres}.${domain}`, `DNS:${postgres}.${domain}`, ...local],
    },
    'patroni-client-tls': { commonName: 'patroni', usages: ['clientAuth'] },
    'pgbouncer-server-tls': {
      commonName: 'pgbouncer',
      usages: ['serverAuth'],
      alternativeNames: [`DNS:pgbouncer.${domain}`, `DNS:pgbouncer.${NAMESPACE}.svc`, ...local],
    },
  };
};

const secret = (name: string, stringData: Readonly<Record<string, string>>): KubernetesObject & { stringData: Readonly<Record<string, string>> } => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name, namespace: NAMESPACE },
  stringData,
});

const password = (): string => randomBytes(24).toString('base64url');

/** Makes everything new, keeps what the lab itself needs in its directory, and returns the Secrets to apply. */
export const createSecrets = async (lab: LabSettings): Promise<readonly KubernetesObject[]> => {
  const authority = await createAuthority('holdfast-data');
  const issued = await Promise.all(
    Object.entries(certificateRequests(lab)).map(async ([name, request]) => ({ name, pair: await issueCertificate(authority, request) })),
  );
  const client = issued.find(({ name }) => name === 'patroni-client-tls')?.pair;
  if (client === undefined) throw new Error('no client certificate was issued');
  const credentials: Credentials = {
    superuser: password(),
    replication: password(),
    rewind: password(),
    application: password(),
    ca: authority.certificate,
    client,
  };
  await writeFile(file(lab), JSON.stringify(credentials), { mode: 0o600 });
  return [
    ...issued.map(({ name, pair }) => secret(name, { 'tls.crt': pair.certificate, 'tls.key': pair.key, 'ca.crt': authority.certificate })),
    secret('postgres-credentials', {
      'superuser-password': credentials.superuser,
      'replication-password': credentials.replication,
      'rewind-password': credentials.rewind,
      'application-password': credentials.application,
    }),
    secret('pgbouncer-users', { 'userlist.txt': `"${lab.region.postgres.applicationRole}" "${credentials.application}"\n` }),
  ];
};
