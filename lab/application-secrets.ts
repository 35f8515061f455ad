/** What workloads log in with and whom they believe, in their own namespace: in production the External Secrets operator hands it over (k8s/application-secrets.ts). */
import { APPLICATION_NAMESPACE } from '../lib/topology/derive';
import type { KubernetesObject } from './kubernetes/api';
import type { Credentials } from './secrets';
import type { LabSettings } from './settings';

const secret = (name: string, stringData: Readonly<Record<string, string>>): KubernetesObject & { stringData: Readonly<Record<string, string>> } => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name, namespace: APPLICATION_NAMESPACE },
  stringData,
});

/** Empty where nothing needs them. */
export const applicationSecrets = ({ environment }: LabSettings, { applicationUser, application, cache, ca }: Credentials): readonly KubernetesObject[] => {
  const needed = new Set(environment.workloads.flatMap(({ needs }) => needs));
  const authority = { 'ca.crt': ca };
  return [
    ...(needed.has('database') ? [secret('database-client', { username: applicationUser, password: application }), secret('database-ca', authority)] : []),
    ...(needed.has('cache') ? [secret('cache-client', { password: cache.application }), secret('cache-ca', authority)] : []),
  ];
};
