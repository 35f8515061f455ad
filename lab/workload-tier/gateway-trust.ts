/** By which name the gateways are asked, and whom one believes there. */
import { ACME_TRUST_CONFIG_MAP } from '../../lib/services/certificates';
import { APPLICATION_NAMESPACE } from '../../lib/topology/derive';
import { GATEWAY } from '../../lib/topology/gateway';
import type { Environment } from '../../lib/topology/types';
import type { Workload } from '../../lib/topology/types-workloads';
import type { KubernetesApi } from '../kubernetes/api';

/** The lab's own authority, and the one that stands for the public's where certificates come from there; undefined while nobody knows that one. */
export const gatewayAuthorities = async ({ acme }: Environment, api: KubernetesApi, own: string): Promise<string | undefined> => {
  if (acme === null) return own;
  const { data } = await api.get<{ readonly data?: Readonly<Record<string, string>> }>(
    `/api/v1/namespaces/${APPLICATION_NAMESPACE}/configmaps/${ACME_TRUST_CONFIG_MAP}`,
  );
  const roots = data?.['roots.pem'];
  return roots === undefined ? undefined : `${own.trimEnd()}\n${roots}`;
};

/** The workload's own name, or the first that the gateway's certificate is asked for. */
export const gatewayHost = ({ acme }: Environment, workload: Workload): string =>
  workload.public?.host ?? acme?.names[0] ?? `${GATEWAY}.${APPLICATION_NAMESPACE}.svc.cluster.local`;
