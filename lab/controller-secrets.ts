/** What cert-manager supplies in production for the controllers of namespace `holdfast-system`. */
import { SYSTEM_NAMESPACE } from '../lib/topology/derive';
import { adaptedWorkloads } from '../lib/services/metrics-adapter';
import type { KubernetesObject } from './kubernetes/api';
import { issueCertificate, type KeyPair } from './pki';
import type { LabSettings } from './settings';

/** Empty where no autoscaler asks the metrics adapter. */
export const controllerSecrets = async ({ environment }: LabSettings, authority: KeyPair): Promise<readonly KubernetesObject[]> => {
  if (adaptedWorkloads(environment).length === 0) return [];
  const service = `metrics-adapter.${SYSTEM_NAMESPACE}.svc`;
  const pair = await issueCertificate(authority, { commonName: service, usages: ['serverAuth'], alternativeNames: [`DNS:${service}`] });
  const stringData = { 'tls.crt': pair.certificate, 'tls.key': pair.key, 'ca.crt': authority.certificate };
  const object = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'metrics-adapter-tls', namespace: SYSTEM_NAMESPACE }, stringData };
  return [object];
};
