import { quoted, rule, when, type Rule } from './rule';

const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const isDomain = (name: string): boolean => name.length <= 253 && name.split('.').length >= 2 && name.split('.').every((label) => LABEL.test(label));

export const dnsNames: Rule = rule('dns-names', 'The zone, its id and the names in it are ones that Route 53 accepts, and differ.', ({ dns }) => {
  if (dns === null) return [];
  return [
    ...when(!isDomain(dns.zoneName), () => ({
      path: 'dns.zoneName',
      given: JSON.stringify(dns.zoneName),
      allowed: 'a domain of at least two lower-case labels, without a final dot',
      fix: 'for example "example.com"',
    })),
    ...when(!/^Z[A-Z0-9]{1,31}$/.test(dns.zoneId), () => ({
      path: 'dns.zoneId',
      given: JSON.stringify(dns.zoneId),
      allowed: 'a Z, then up to 31 capitals and digits',
      fix: 'copy it from: aws route53 list-hosted-zones',
    })),
    ...(['applicationName', 'writerName'] as const).flatMap((key) =>
      when(!LABEL.test(dns[key]), () => ({
        path: `dns.${key}`,
        given: JSON.stringify(dns[key]),
        allowed: 'one label of lower-case letters, digits and hyphens',
        fix: `for example "${key === 'writerName' ? 'writer' : 'app'}"`,
      })),
    ),
    ...when(dns.applicationName === dns.writerName, () => ({
      path: 'dns.writerName',
      given: `"${dns.writerName}", which is also dns.applicationName`,
      allowed: 'another name: readers are sent to the nearest region, writers to the one that takes writes',
      fix: 'for example "writer"',
    })),
  ];
});

export const preferencesExist: Rule = rule('dns-preferences-exist', 'A continent prefers a region of the environment.', ({ dns, regions }) =>
  Object.entries(dns?.preferences ?? {}).flatMap(([continent, name]) =>
    when(!regions.some((region) => region.name === name), () => ({
      path: `dns.preferences.${continent}`,
      given: JSON.stringify(name),
      allowed: quoted(regions.map((region) => region.name)),
      fix: 'name one of them',
    })),
  ),
);

/** Route 53, "Values for health checks": https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/health-checks-creating-values.html */
export const healthChecksAreKnown: Rule = rule('dns-health-checks', 'Health checks have intervals and thresholds that Route 53 knows.', ({ dns }) => {
  if (dns === null) return [];
  const { interval, failureThreshold, switchThreshold } = dns.healthChecks;
  return [
    ...when(interval !== 10 && interval !== 30, () => ({
      path: 'dns.healthChecks.interval',
      given: `${interval} s`,
      allowed: '10 or 30 s',
      fix: 'use seconds(10)',
    })),
    ...([['failureThreshold', failureThreshold] as const, ['switchThreshold', switchThreshold] as const] as const).flatMap(([key, value]) =>
      when(!Number.isInteger(value) || value < 1 || value > 10, () => ({
        path: `dns.healthChecks.${key}`,
        given: String(value),
        allowed: 'a whole number from 1 to 10',
        fix: key === 'switchThreshold' ? 'use 1' : 'use 3',
      })),
    ),
    ...when(!Number.isInteger(dns.ttl) || dns.ttl < 1 || dns.ttl > 60, () => ({
      path: 'dns.ttl',
      given: `${dns.ttl} s`,
      allowed: 'whole seconds from 1 to 60: an alias to a load balancer has 60, and a longer one would be waited for in every failover',
      fix: 'use seconds(60)',
    })),
  ];
});

export const DNS_RULES: readonly Rule[] = [dnsNames, preferencesExist, healthChecksAreKnown];
