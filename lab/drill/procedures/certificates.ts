/** How the drills of certificates are carried out. */
import type { CertificateScenario } from '../../../lib/topology/scenarios';
import { certificateRenewal, certificateRenewalFails } from '../../acme/drills';
import type { Procedures } from './procedure';

export const CERTIFICATE_PROCEDURES: Procedures<CertificateScenario> = {
  'certificate-renewal': certificateRenewal,
  'certificate-renewal-fails': certificateRenewalFails,
};
