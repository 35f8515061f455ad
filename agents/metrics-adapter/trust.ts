/** Whom the adapter believes (the API server, by its front-proxy certificate), and who believes the adapter (the API server, by the APIService's caBundle). */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EXTERNAL_METRICS_API } from '../../lib/services/metrics-adapter';

const AUTHENTICATION = '/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication';
const { group, version } = EXTERNAL_METRICS_API;
const API_SERVICE = `/apis/apiregistration.k8s.io/v1/apiservices/${version}.${group}`;

export interface Api {
  readonly get: <T>(path: string) => Promise<T>;
  readonly patch: (path: string, change: object) => Promise<void>;
}

export interface Proxies {
  readonly ca: string;
  /** Common names; empty: anybody with a certificate of that authority. */
  readonly names: readonly string[];
}

/** @throws Error when the cluster names no such authority: then nobody could be believed */
export const trustedProxies = async (api: Api): Promise<Proxies> => {
  const { data = {} } = await api.get<{ data?: Record<string, string> }>(AUTHENTICATION);
  const ca = data['requestheader-client-ca-file'] ?? '';
  if (ca === '') throw new Error("the API server has no aggregation layer: it names no authority of its front proxy's certificates");
  return { ca, names: JSON.parse(data['requestheader-allowed-names'] ?? '[]') as readonly string[] };
};

export interface Certificate {
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
}

export const readCertificate = (directory: string): Certificate => {
  const file = (name: string): string => readFileSync(join(directory, name), 'utf8');
  return { cert: file('tls.crt'), key: file('tls.key'), ca: file('ca.crt') };
};

/** @returns whether something had to be changed */
export const announceAuthority = async (api: Api, ca: string): Promise<boolean> => {
  const caBundle = Buffer.from(ca).toString('base64');
  const { spec } = await api.get<{ spec: { caBundle?: string } }>(API_SERVICE);
  if (spec.caBundle === caBundle) return false;
  await api.patch(API_SERVICE, { spec: { caBundle } });
  return true;
};
