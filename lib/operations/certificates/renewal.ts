/** Whether a certificate is renewed now: a pure decision. */
import type { X509Certificate } from 'node:crypto';
import type { Acme } from '../../topology/types';
import { chainProblems, summaryOf } from './chain';

/** What is in the Secret; null: nothing yet. */
export interface Installed {
  readonly chain: string;
  readonly key: string;
  /** When somebody asked for another one, milliseconds since the epoch. @default - nobody has */
  readonly requestedAt?: number;
  /** When this one was installed. @default - when it became valid */
  readonly installedAt?: number;
}

export interface RenewalSight {
  readonly installed: Installed | null;
  readonly roots: readonly X509Certificate[];
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** When the last try failed; null: the last one succeeded, or there was none. */
  readonly failedAt: number | null;
}

export type RenewalPolicy = Pick<Acme, 'names' | 'renewBefore' | 'retryEvery'>;

export type RenewalDecision =
  | { readonly kind: 'hold'; readonly because: string }
  /** `urgent`: what is installed is of no use to clients any more. */
  | { readonly kind: 'renew'; readonly because: string; readonly urgent: boolean };

const hours = (milliseconds: number): string => `${(milliseconds / 3_600_000).toFixed(1)} h`;

/** Why it should be renewed, whatever happened to earlier tries; null: it need not be. */
const reason = ({ names, renewBefore }: RenewalPolicy, { installed, roots, now }: RenewalSight): { because: string; urgent: boolean } | null => {
  if (installed === null) return { because: 'there is no certificate yet', urgent: true };
  const problems = chainProblems({ chain: installed.chain, key: installed.key, names, roots, now });
  if (problems.length > 0) return { because: problems.join('; '), urgent: true };
  const { notAfter, notBefore, names: present } = summaryOf(installed.chain);
  // Authorities date certificates back by up to an hour: what counts is when this one was installed.
  if ((installed.requestedAt ?? 0) > (installed.installedAt ?? notBefore)) return { because: 'somebody asked for another one', urgent: false };
  const left = notAfter - now;
  if (left < renewBefore * 1000) return { because: `${hours(left)} are left of it, less than ${hours(renewBefore * 1000)}`, urgent: false };
  const surplus = present.filter((name) => !names.includes(name));
  return surplus.length === 0 ? null : { because: `it is good for ${surplus.join(', ')}, which is asked for no more`, urgent: false };
};

export const decideRenewal = (policy: RenewalPolicy, sight: RenewalSight): RenewalDecision => {
  const why = reason(policy, sight);
  if (why === null) return { kind: 'hold', because: 'it is good, and not due' };
  if (sight.failedAt === null) return { kind: 'renew', ...why };
  const wait = sight.failedAt + policy.retryEvery * 1000 - sight.now;
  if (wait > 0) return { kind: 'hold', because: `the last try failed, the next one is in ${Math.ceil(wait / 1000)} s; due because ${why.because}` };
  return { kind: 'renew', ...why };
};
