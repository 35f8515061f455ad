import { prometheusText, type Sample } from '../prometheus-text';

export interface KeeperMetrics {
  /** This region's etcd says that it is primary. */
  primary: boolean | undefined;
  renewals: number;
  refusals: number;
  failsafeExtensions: number;
  storeErrors: number;
}

export const newMetrics = (): KeeperMetrics => ({ primary: undefined, renewals: 0, refusals: 0, failsafeExtensions: 0, storeErrors: 0 });

/** @param secondsLeft negative: so long ago the deadline passed; undefined: there has been none */
export const renderMetrics = (m: KeeperMetrics, secondsLeft: number | undefined): string => {
  const samples: readonly Sample[] = [
    ['primary', 'gauge', 'Whether this region asks for the lease.', m.primary === undefined ? undefined : Number(m.primary)],
    ['seconds_left', 'gauge', 'How long commits are accepted still; negative: since when they are not.', secondsLeft],
    ['renewals_total', 'counter', 'Renewals that the store granted.', m.renewals],
    ['refusals_total', 'counter', 'Renewals that the store refused.', m.refusals],
    ['failsafe_extensions_total', 'counter', 'Extensions by the word of all other regions, while the store was silent.', m.failsafeExtensions],
    ['store_errors_total', 'counter', 'Renewals that the store did not answer in time.', m.storeErrors],
  ];
  return prometheusText('holdfast_lease_', samples);
};
