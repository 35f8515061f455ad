/** The part of the model that decides how public certificates are renewed, when somebody is told that one ends, and what the machines' clocks go by. */
import type { Seconds } from './units';

/** How much of a certificate's life is left when who is told. */
export interface CertificateThresholds {
  /** A renewal is due: SEV-4 when two checks in a row have seen none. */
  readonly warning: Seconds;
  /** Renewals keep failing: SEV-3. */
  readonly high: Seconds;
  /** SEV-2. */
  readonly critical: Seconds;
  /** Clients are about to be refused: SEV-1. */
  readonly emergency: Seconds;
}

/** What renews the public certificates: `certbot` is driven by Holdfast's own renewer and drilled; `cert-manager` is installed by others and gets the objects. */
export const ACME_CLIENTS = ['certbot', 'cert-manager'] as const;
export type AcmeClient = (typeof ACME_CLIENTS)[number];

/** Public certificates of what runs inside the cluster, from an authority that speaks ACME (RFC 8555). Needs `dns`. */
export interface Acme {
  /** The authority's directory, an https URL. */
  readonly directory: string;
  /** Where the authority writes to when something concerns the account. */
  readonly contact: string;
  /** Names on the certificate that the gateway serves, inside `dns.zoneName`; the first is its subject. */
  readonly names: readonly string[];
  /** How names are proved: by a TXT record. The only way that needs no way in, and the only one for wildcards. */
  readonly challenge: 'dns-01';
  /** What renews. */
  readonly client: AcmeClient;
  /** From issue to expiry, as the authority gives it. */
  readonly lifetime: Seconds;
  /** With less than this left it is renewed. */
  readonly renewBefore: Seconds;
  /** With less than these left somebody is told. */
  readonly thresholds: CertificateThresholds;
  /** Pause between two looks at what is served. */
  readonly checkEvery: Seconds;
  /** Pause after a renewal that failed; authorities count failures (Let's Encrypt: 5 an hour for a name). */
  readonly retryEvery: Seconds;
}

/** Time: what the machines go by, and how far they may be off. */
export interface Clocks {
  /** NTP servers, host names or addresses: at least 3, so that two outvote one that is wrong. */
  readonly sources: readonly string[];
  /** A clock that is further off than this is complained of. */
  readonly maxOffset: Seconds;
  /** Pause between two measurements on each node. */
  readonly checkEvery: Seconds;
}

/** What a user writes for ACME: the names and a contact; the rest has defaults. */
export type AcmeInput = Pick<Acme, 'contact' | 'names'> &
  Partial<Omit<Acme, 'contact' | 'names' | 'thresholds'>> & { readonly thresholds?: Partial<CertificateThresholds> };
