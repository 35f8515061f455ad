/** What the drills of certificates do. */
import { SERVED_WITHIN_SECONDS } from '../../topology/budget/certificates';
import type { CertificateScenario } from '../../topology/scenarios';
import type { ProcedureDescriptions } from './procedure';

/** So long a certificate of the drill lives: until it is served everywhere, and then past every threshold. */
export const drillLifetimeSeconds = (warning: number): number => warning + SERVED_WITHIN_SECONDS + 30;

export const CERTIFICATE_DRILLS: ProcedureDescriptions<CertificateScenario> = {
  'certificate-renewal': () => ({
    title: 'the gateways’ certificate is renewed twice while users are served',
    scenario:
      'certbot proves the names by DNS and gets a new certificate; it is verified, installed, and taken by every gateway without a reload. Nobody’s request fails.',
    requirements: ['CS-8', 'PO-4'],
    planned: true,
    procedure: [
      'users in every zone place orders, look at them, keep sessions and hand in events, over TLS that they verify',
      'another certificate is asked for; hold until every gateway serves it; the same once more',
      'no request may fail, and the one before must be kept',
    ],
    healthyDeadlineSeconds: 60,
    longestFaultSeconds: 2 * SERVED_WITHIN_SECONDS + 60,
  }),
  'certificate-renewal-fails': ({ acme }) => ({
    title: 'renewal fails until the certificate has expired; the authority comes back without its accounts',
    scenario:
      'Every threshold is told in its turn, from what is served; when it has expired the pods are ready all the same, and the monitor says what clients see. The authority returns with neither accounts nor the same root: the renewer registers anew by itself, and a good certificate is served.',
    requirements: ['CS-8', 'PO-4'],
    planned: false,
    procedure: [
      'the authority issues a certificate that lives for minutes; then records can’t be made in the zone any more',
      'the monitor must tell warning, high, critical and emergency, each in time, and then that clients are refused',
      'records can be made again, and the authority has lost every account',
      'a good certificate must be served by every gateway, without anybody’s help',
    ],
    healthyDeadlineSeconds: SERVED_WITHIN_SECONDS + 60,
    longestFaultSeconds: drillLifetimeSeconds(acme?.thresholds.warning ?? 0) + 2 * SERVED_WITHIN_SECONDS,
  }),
};
