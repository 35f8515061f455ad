/** Which stages each scenario of certificates goes through. */
import type { CertificateScenario } from '../scenarios';
import type { Environment } from '../types';
import { span, type Span } from './constants';
import type { FamilyStages } from './family';
import type { Stage } from './stages';

export const CERTIFICATE_CONSTANTS = {
  betweenRequests: span(0, 0.5, 'lab/workload-tier: a client’s longest pause between two requests'),
  certificateSet: span(0, 1, 'HAProxy’s runtime API: a certificate is replaced between two handshakes'),
  issued: span(3, 60, 'measured: certbot with two names takes 5 s here; an authority and DNS of the internet more'),
  kubeletLooks: span(0, 100, 'Kubernetes: a kubelet looks at a pod’s Secrets about once a minute, and keeps what it read for as long again'),
  taken: span(0, 5, 'the gateway’s keeper looks once a second'),
} as const satisfies Readonly<Record<string, Span>>;
const C = CERTIFICATE_CONSTANTS;

const constant = (name: string, { lower, upper, source }: Span): Stage => ({ name, lower, upper, source, settings: [], savable: 0 });

/** From the decision until every gateway serves it, at most, seconds. */
export const SERVED_WITHIN_SECONDS = C.issued.upper + C.kubeletLooks.upper + C.taken.upper;

const retried = ({ acme }: Environment): Stage => ({
  name: 'tried again',
  lower: 0,
  upper: acme?.retryEvery ?? 0,
  source: 'acme.retryEvery',
  settings: ['acme.retryEvery'],
  savable: acme?.retryEvery ?? 0,
});

export const CERTIFICATE_STAGES: FamilyStages<CertificateScenario> = {
  'certificate-renewal': () => [constant('between two requests', C.betweenRequests), constant('certificate replaced', C.certificateSet)],
  'certificate-renewal-fails': (environment) => [
    retried(environment),
    constant('the authority’s new root reaches the renewer', C.kubeletLooks),
    constant('issued by a new account', C.issued),
    constant('reaches the gateways', C.kubeletLooks),
    constant('taken by the gateways', C.taken),
  ],
};
