import type { ServedCertificate } from '../../lib/operations/certificates/served';

const PREFIX = 'holdfast_certificate_';
const escaped = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', ' ');
const labels = ({ endpoint, component }: ServedCertificate): string => `{endpoint="${escaped(endpoint)}",component="${escaped(component)}"}`;

const family = (name: string, help: string, lines: readonly (readonly [labels: string, value: number])[]): string =>
  lines.length === 0
    ? ''
    : `# HELP ${PREFIX}${name} ${help}\n# TYPE ${PREFIX}${name} gauge\n${lines.map(([at, value]) => `${PREFIX}${name}${at} ${value}\n`).join('')}`;

/** For Prometheus. What could not be seen has no end: it is `valid 0`. */
export const renderMetrics = (served: readonly ServedCertificate[], lookedAt: number | null): string =>
  [
    family(
      'not_after_timestamp_seconds',
      'When the certificate that is served ends.',
      served.flatMap((s) => (s.certificate === null ? [] : [[labels(s), s.certificate.notAfter / 1000] as const])),
    ),
    family(
      'valid',
      'Whether clients take what is served: dates, names, and the chain to a trusted root.',
      served.map((s) => [labels(s), s.level === 'invalid' || s.level === 'unknown' ? 0 : 1] as const),
    ),
    family('looked_timestamp_seconds', 'When every endpoint was last looked at.', lookedAt === null ? [] : [['', lookedAt / 1000]]),
  ].join('');
