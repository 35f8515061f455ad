/**
 * The authority that signs every certificate of the data tier, and how it is replaced: pure. As with passwords, each state is written as a whole, and is one in which
 * everything goes on working:
 *
 *   (settled) -> trusting: both authorities are trusted, the old one signs -> signing: both are trusted, the new one signs -> leaving: only the new one is trusted
 */

import type { Environment } from '../../topology/types';

export interface KeyPair {
  /** PEM texts. */
  readonly certificate: string;
  readonly key: string;
}

export const AUTHORITY_PHASES = ['trusting', 'signing', 'leaving'] as const;
export type AuthorityPhase = (typeof AUTHORITY_PHASES)[number];

export interface Authority {
  /** Signs. */
  readonly current: KeyPair;
  /** The next one (trusting), or the old one (signing). */
  readonly other: KeyPair | null;
  readonly phase: AuthorityPhase | null;
  /** ISO time. */
  readonly rotatedAt: string | null;
}

/** Name of the Secret, and of cert-manager's issuer. */
export const AUTHORITY_SECRET = 'holdfast-ca';

/** The Secrets whose certificates it signs. */
export const SIGNED_SECRETS = [
  'etcd-peer-tls',
  'etcd-server-tls',
  'etcd-client-tls',
  'postgres-server-tls',
  'patroni-client-tls',
  'maintenance-client-tls',
  'backup-client-tls',
  'pgbouncer-server-tls',
  'cache-server-tls',
] as const;
export type SignedSecret = (typeof SIGNED_SECRETS)[number];

/** Those that an environment has. */
export const signedSecrets = ({ cache }: Pick<Environment, 'cache'>): readonly SignedSecret[] =>
  SIGNED_SECRETS.filter((name) => name !== 'cache-server-tls' || cache !== null);

export const readAuthority = (data: Readonly<Record<string, string>>): Authority => {
  const pair = (prefix: string): KeyPair | null => {
    const [certificate, key] = [data[`${prefix}tls.crt`], data[`${prefix}tls.key`]];
    return certificate === undefined || key === undefined ? null : { certificate, key };
  };
  const current = pair('');
  if (current === null) throw new Error(`the Secret "${AUTHORITY_SECRET}" must have tls.crt and tls.key`);
  const phase = AUTHORITY_PHASES.find((name) => name === data['phase']) ?? null;
  return { current, other: pair('other-'), phase, rotatedAt: data['rotated-at'] ?? null };
};

export const authoritySecret = ({ current, other, phase, rotatedAt }: Authority): Readonly<Record<string, string | null>> => ({
  'tls.crt': current.certificate,
  'tls.key': current.key,
  'other-tls.crt': other?.certificate ?? null,
  'other-tls.key': other?.key ?? null,
  phase,
  'rotated-at': rotatedAt,
});

/** What everybody trusts: the one that signs first. */
export const trusted = ({ current, other }: Authority): string =>
  [current, ...(other === null ? [] : [other])].map((pair) => `${pair.certificate.trimEnd()}\n`).join('');

/** @throws Error when a replacement is under way */
export const introduce = (state: Authority, next: KeyPair): Authority => {
  if (state.phase !== null) throw new Error(`the authority is being replaced already (${state.phase})`);
  return { ...state, other: next, phase: 'trusting' };
};

export const signWithNext = (state: Authority): Authority => {
  if (state.phase !== 'trusting' || state.other === null) throw new Error(`only an authority that is trusted may sign; it is ${state.phase ?? 'not there'}`);
  return { ...state, current: state.other, other: state.current, phase: 'signing' };
};

export const leaveOld = (state: Authority): Authority => {
  if (state.phase !== 'signing') throw new Error(`the old authority is left when the new one signs; it is ${state.phase ?? 'not there'}`);
  return { ...state, other: null, phase: 'leaving' };
};

export const settleAuthority = (state: Authority, at: string): Authority => {
  if (state.phase !== 'leaving') throw new Error(`only a replacement that is leaving the old authority can end; it is ${state.phase ?? 'not there'}`);
  return { ...state, phase: null, rotatedAt: at };
};
