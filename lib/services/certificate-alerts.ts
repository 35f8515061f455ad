/** Who is told of certificates and clocks: rules for Prometheus, as data. */
import type { CertificateThresholds, Environment } from '../topology/types';
import type { WorkloadAlert } from '../topology/types-workloads';
import { seconds } from '../topology/units';
import { GATEWAY } from '../topology/gateway';
import { ownThresholds } from './certificates';

/** What is told how urgently; the names are those of `thresholds`. */
export const CERTIFICATE_LEVELS = [
  ['warning', 'SEV-4'],
  ['high', 'SEV-3'],
  ['critical', 'SEV-2'],
  ['emergency', 'SEV-1'],
] as const;
/** Public names and the gateway: everything else has the environment's own certificates. */
const PUBLIC = `component=~"${GATEWAY}|edge"`;
const OWN = `component!~"${GATEWAY}|edge"`;
const LOOKS_MISSED = 3;
const UNKNOWN_LOOKS = 10;

const ending = (prefix: string, selector: string, thresholds: CertificateThresholds, checkEvery: number): readonly WorkloadAlert[] =>
  CERTIFICATE_LEVELS.map(([level, severity]) => ({
    name: `${prefix}${level.charAt(0).toUpperCase()}${level.slice(1)}`,
    requirements: ['CS-8'],
    severity,
    expression: `holdfast_certificate_not_after_timestamp_seconds{${selector}} - time() < ${thresholds[level]}`,
    // When a renewal is due one look finds it due, and the next one finds it done.
    for: seconds(level === 'warning' ? 2 * checkEvery : 0),
    summary: `What {{ $labels.endpoint }} serves ends in less than ${thresholds[level]} s (docs/certificates.md).`,
  }));

/** Where certificates are watched. */
export const certificateAlerts = (environment: Environment): readonly WorkloadAlert[] => {
  const { acme } = environment;
  if (acme === null) return [];
  const refused: WorkloadAlert = {
    name: 'CertificateRefused',
    requirements: ['CS-8', 'PO-4'],
    severity: 'SEV-1',
    expression: 'holdfast_certificate_valid == 0',
    for: seconds(acme.checkEvery),
    summary: 'Clients refuse what {{ $labels.endpoint }} serves, or nothing could be seen there (docs/certificates.md).',
  };
  const blind: WorkloadAlert = {
    name: 'CertificatesNotLookedAt',
    requirements: ['CS-8'],
    severity: 'SEV-3',
    expression: `time() - holdfast_certificate_looked_timestamp_seconds > ${LOOKS_MISSED * acme.checkEvery} or absent(holdfast_certificate_looked_timestamp_seconds)`,
    for: seconds(acme.checkEvery),
    summary: 'Nobody has looked at the certificates that are served (docs/certificates.md).',
  };
  return [
    ...ending('PublicCertificate', PUBLIC, acme.thresholds, acme.checkEvery),
    ...ending('OwnCertificate', OWN, ownThresholds(environment), acme.checkEvery),
    refused,
    blind,
  ];
};

/** Of every node's clock. */
export const clockAlerts = ({ clocks }: Environment): readonly WorkloadAlert[] => [
  {
    name: 'ClockOff',
    requirements: ['PW-7'],
    severity: 'SEV-2',
    expression: `abs(holdfast_clock_offset_seconds) > ${clocks.maxOffset}`,
    for: seconds(2 * clocks.checkEvery),
    summary: 'The clock of {{ $labels.node }} is off by {{ $value }} s: `chronyc makestep` there (docs/clocks.md).',
  },
  {
    name: 'ClockUnknown',
    requirements: ['PW-7'],
    severity: 'SEV-3',
    expression: 'holdfast_clock_known == 0',
    for: seconds(UNKNOWN_LOOKS * clocks.checkEvery),
    summary: 'Too few time servers agree for {{ $labels.node }} (docs/clocks.md).',
  },
];
