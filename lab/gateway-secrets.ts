/** The gateway's certificate, where no renewer has one from an authority: the lab's own signs it. */
import { APPLICATION_NAMESPACE } from '../lib/topology/derive';
import { GATEWAY, GATEWAY_TLS_SECRET, publicWorkloads } from '../lib/topology/gateway';
import type { KubernetesObject } from './kubernetes/api';
import { issueCertificate, type KeyPair } from './pki';
import type { LabSettings } from './settings';

/** By which the lab's clients call a workload that answers to any name. */
const GATEWAY_HOST = `${GATEWAY}.${APPLICATION_NAMESPACE}.svc.cluster.local`;

/** Empty where nothing is public, or somebody else makes it. */
export const gatewaySecrets = async ({ environment }: LabSettings, authority: KeyPair): Promise<readonly KubernetesObject[]> => {
  const workloads = publicWorkloads(environment);
  // Where there is a renewer, it makes the first one too.
  if (workloads.length === 0 || environment.acme !== null) return [];
  const names = new Set([GATEWAY_HOST, ...workloads.flatMap((workload) => workload.public.host ?? [])]);
  const pair = await issueCertificate(authority, {
    commonName: GATEWAY_HOST,
    usages: ['serverAuth'],
    alternativeNames: [...names].map((name) => `DNS:${name}`),
  });
  const stringData = { 'tls.crt': pair.certificate, 'tls.key': pair.key };
  const object = { apiVersion: 'v1', kind: 'Secret', metadata: { name: GATEWAY_TLS_SECRET, namespace: APPLICATION_NAMESPACE }, stringData };
  return [object];
};
