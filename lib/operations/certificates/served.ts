/** What is served at an endpoint, as a client sees it, and how bad that is. */
import type { X509Certificate } from 'node:crypto';
import type { CertificateThresholds } from '../../topology/types';
import { chainProblems, summaryOf, type CertificateSummary } from './chain';

/** From good to worst. `invalid`: clients refuse it now, whatever its dates. `unknown`: nothing could be seen, which is not good. */
export const CERTIFICATE_LEVELS = ['ok', 'warning', 'high', 'critical', 'emergency', 'invalid', 'unknown'] as const;
export type CertificateLevel = (typeof CERTIFICATE_LEVELS)[number];

/** Who is told. */
export const LEVEL_SEVERITIES: Readonly<Record<Exclude<CertificateLevel, 'ok'>, 'SEV-1' | 'SEV-2' | 'SEV-3' | 'SEV-4'>> = {
  warning: 'SEV-4',
  high: 'SEV-3',
  critical: 'SEV-2',
  emergency: 'SEV-1',
  invalid: 'SEV-1',
  unknown: 'SEV-3',
};

/** What was seen at one endpoint: a chain, or why there is none. */
export type Sighting = { readonly endpoint: string; readonly component: string; readonly names: readonly string[] } & (
  { readonly chain: string; readonly error?: undefined } | { readonly chain?: undefined; readonly error: string }
);

export interface ServedCertificate {
  /** Who serves it: `gateway-7d9f/8443`. */
  readonly endpoint: string;
  readonly component: string;
  readonly level: CertificateLevel;
  /** Negative: it has expired. Null: nothing was seen. */
  readonly secondsLeft: number | null;
  readonly certificate: CertificateSummary | null;
  /** Why it is not `ok`, in words. */
  readonly problems: readonly string[];
}

export const levelFor = (secondsLeft: number, { warning, high, critical, emergency }: CertificateThresholds): CertificateLevel => {
  if (secondsLeft <= 0) return 'invalid';
  if (secondsLeft < emergency) return 'emergency';
  if (secondsLeft < critical) return 'critical';
  if (secondsLeft < high) return 'high';
  return secondsLeft < warning ? 'warning' : 'ok';
};

export interface Judging {
  readonly thresholds: CertificateThresholds;
  readonly roots: readonly X509Certificate[];
  /** Milliseconds since the epoch. */
  readonly now: number;
}

export const judgeServed = (sighting: Sighting, { thresholds, roots, now }: Judging): ServedCertificate => {
  const { endpoint, component, names } = sighting;
  if (sighting.chain === undefined) return { endpoint, component, level: 'unknown', secondsLeft: null, certificate: null, problems: [sighting.error] };
  const certificate = summaryOf(sighting.chain);
  const secondsLeft = Math.floor((certificate.notAfter - now) / 1000);
  const problems = chainProblems({ chain: sighting.chain, key: null, names, roots, now });
  const level = problems.length > 0 ? 'invalid' : levelFor(secondsLeft, thresholds);
  return { endpoint, component, level, secondsLeft, certificate, problems: problems.length > 0 || level === 'ok' ? problems : [`ends soon: ${level}`] };
};

const rank = ({ level }: ServedCertificate): number => CERTIFICATE_LEVELS.indexOf(level);
/** What ends first comes first, after what nobody could see. */
export const sorted = (served: readonly ServedCertificate[]): readonly ServedCertificate[] =>
  [...served].sort((a, b) => (a.secondsLeft ?? -Infinity) - (b.secondsLeft ?? -Infinity) || rank(b) - rank(a) || a.endpoint.localeCompare(b.endpoint));

/** `29.4 d`, or in finer units when there is little. */
export const timeLeft = (seconds: number | null): string => {
  if (seconds === null) return '?';
  const magnitude = Math.abs(seconds);
  if (magnitude >= 86_400) return `${(seconds / 86_400).toFixed(1)} d`;
  if (magnitude >= 3600) return `${(seconds / 3600).toFixed(1)} h`;
  return magnitude >= 60 ? `${(seconds / 60).toFixed(1)} min` : `${seconds} s`;
};

/** Rows of a table, its head first. */
export const certificateRows = (served: readonly ServedCertificate[]): readonly (readonly string[])[] => [
  ['endpoint', 'left', 'until', 'level', 'names', 'issuer', 'because'],
  ...sorted(served).map(({ endpoint, secondsLeft, level, certificate, problems }) => [
    endpoint,
    timeLeft(secondsLeft),
    certificate === null ? '' : new Date(certificate.notAfter).toISOString().slice(0, 19),
    level === 'ok' ? level : `${level} (${LEVEL_SEVERITIES[level]})`,
    certificate === null ? '' : shortened(certificate.names),
    certificate === null ? '' : (/CN=([^,]+)/.exec(certificate.issuer)?.[1] ?? certificate.issuer),
    problems.join('; '),
  ]),
];

const shortened = (names: readonly string[]): string => (names.length > 2 ? `${names.slice(0, 2).join(' ')} +${names.length - 2}` : names.join(' '));
