import { prometheusText, type Sample } from '../prometheus-text';
import type { RenewerState } from './renew';

const seconds = (milliseconds: number | null): number | undefined => (milliseconds === null ? undefined : milliseconds / 1000);

const samples = (s: RenewerState): readonly Sample[] => [
  ['not_after_timestamp_seconds', 'gauge', 'When the installed certificate ends.', seconds(s.notAfter)],
  ['last_success_timestamp_seconds', 'gauge', 'When this process last installed a certificate.', seconds(s.lastSuccessAt)],
  ['last_look_timestamp_seconds', 'gauge', 'When the installed certificate was last looked at.', seconds(s.lastLookAt)],
  ['renewals_total', 'counter', 'Certificates installed by this process.', s.renewals],
  ['consecutive_failures', 'gauge', 'Renewals that failed since the last one that did not.', s.failures],
  ['accounts_registered_anew_total', 'counter', 'Accounts that the authority had lost.', s.accountsRegisteredAnew],
];

/** For Prometheus. */
export const renderMetrics = (state: RenewerState): string => prometheusText('holdfast_certificate_renewer_', samples(state));
