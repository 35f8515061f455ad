import type { Acme, Environment } from '../types';
import { rule, when, type Finding, type Rule } from './rule';

/** A rule about public certificates, of environments that have them renewed. */
const acmeRule = (name: string, title: string, check: (acme: Acme, environment: Environment) => readonly Finding[]): Rule =>
  rule(name, title, (environment) => (environment.acme === null ? [] : check(environment.acme, environment)));

/** What authorities take on one certificate. */
const MOST_NAMES = 100;
const HOST_NAME = /^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
const isHostName = (text: string): boolean => text.length <= 253 && HOST_NAME.test(text);
/** IPv4, or something that only IPv6 looks like: a resolver says the rest. */
const isAddress = (text: string): boolean => /^(\d{1,3}\.){3}\d{1,3}$/.test(text) || /^[0-9a-f]*:[0-9a-f:]+$/i.test(text);
const isCertificateName = (name: string): boolean => isHostName(name.replace(/^\*\./, ''));
const isHttps = (text: string): boolean => URL.canParse(text) && new URL(text).protocol === 'https:';

export const acmeNamesAreOurs: Rule = acmeRule(
  'acme-names-are-in-the-zone',
  'Every name on the public certificate is in the DNS zone: the authority wants a TXT record there.',
  ({ names }, { dns }) => [
    ...when(names.length === 0 || names.length > MOST_NAMES, () => ({
      path: 'acme.names',
      given: `${names.length} names`,
      allowed: `1 to ${MOST_NAMES}`,
      fix: 'name what clients call the gateway by, for example "api.example.com"',
    })),
    ...when(dns === null, () => ({
      path: 'acme',
      given: 'no dns',
      allowed: 'an environment with dns: names are proved by a TXT record in its zone',
      fix: 'add dns with zoneName and zoneId, or remove acme',
    })),
    ...names.flatMap((name, i) => [
      ...when(!isCertificateName(name), () => ({
        path: `acme.names[${i}]`,
        given: JSON.stringify(name),
        allowed: 'a lower-case host name without a final dot, "*." in front for all names one label below',
        fix: 'for example "api.example.com"',
      })),
      ...when(dns !== null && isCertificateName(name) && name !== dns.zoneName && !name.endsWith(`.${dns.zoneName}`), () => ({
        path: `acme.names[${i}]`,
        given: `"${name}", in the zone "${dns?.zoneName ?? ''}"`,
        allowed: 'names in dns.zoneName: the record that proves a name is made there',
        fix: `use "${name.split('.')[0] ?? ''}.${dns?.zoneName ?? ''}"`,
      })),
      ...when(names.indexOf(name) !== i, () => ({
        path: `acme.names[${i}]`,
        given: `"${name}" a second time`,
        allowed: 'each once',
        fix: 'remove it',
      })),
    ]),
  ],
);

export const acmeAuthority: Rule = acmeRule(
  'acme-authority',
  'The authority’s directory is an https URL, and the contact an e-mail address.',
  ({ directory, contact }) => [
    ...when(!isHttps(directory), () => ({
      path: 'acme.directory',
      given: JSON.stringify(directory),
      allowed: 'an https URL',
      fix: 'use "https://acme-v02.api.letsencrypt.org/directory"',
    })),
    ...when(!/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(contact), () => ({
      path: 'acme.contact',
      given: JSON.stringify(contact),
      allowed: 'an e-mail address that somebody reads',
      fix: 'for example "platform@example.com"',
    })),
  ],
);

export const acmeRenewsInTime: Rule = acmeRule(
  'acme-renews-in-time',
  'A certificate is renewed within its life, and there is time for several tries before anybody is woken.',
  ({ lifetime, renewBefore, checkEvery, retryEvery, thresholds }) => [
    ...when(renewBefore >= lifetime, () => ({
      path: 'acme.renewBefore',
      given: `${renewBefore} s of a lifetime of ${lifetime} s`,
      allowed: 'less than acme.lifetime: otherwise it is renewed with every look, until the authority refuses',
      fix: `use a third of the lifetime, seconds(${Math.floor(lifetime / 3)})`,
    })),
    ...when(checkEvery <= 0 || checkEvery > thresholds.emergency, () => ({
      path: 'acme.checkEvery',
      given: `${checkEvery} s`,
      allowed: `more than 0 s, at most acme.thresholds.emergency, ${thresholds.emergency} s: what is looked at more rarely ends between two looks`,
      fix: `use seconds(${Math.max(1, Math.floor(thresholds.emergency / 2))})`,
    })),
    ...when(retryEvery <= 0 || retryEvery > (thresholds.warning - thresholds.high) / 2, () => ({
      path: 'acme.retryEvery',
      given: `${retryEvery} s`,
      allowed: `more than 0 s, at most ${(thresholds.warning - thresholds.high) / 2} s: two tries between the thresholds warning and high`,
      fix: `use seconds(${Math.max(1, Math.floor((thresholds.warning - thresholds.high) / 4))})`,
    })),
  ],
);

export const thresholdsAreInOrder: Rule = acmeRule(
  'acme-thresholds-are-in-order',
  'Who is told that a certificate ends: warning, then high, critical and emergency, and none before a renewal is due.',
  ({ renewBefore, thresholds: { warning, high, critical, emergency } }) => [
    ...when(!(warning > high && high > critical && critical > emergency && emergency > 0), () => ({
      path: 'acme.thresholds',
      given: `warning ${warning} s, high ${high} s, critical ${critical} s, emergency ${emergency} s`,
      allowed: 'each less than the one before it, and more than 0 s',
      fix: 'use days(30), days(14), days(7), days(1)',
    })),
    ...when(warning > renewBefore, () => ({
      path: 'acme.thresholds.warning',
      given: `${warning} s, renewed with ${renewBefore} s left`,
      allowed: 'at most acme.renewBefore: a sound certificate would be complained of',
      fix: `use seconds(${renewBefore}), or renew earlier`,
    })),
  ],
);

/** The catalogue's bound (PW-7). */
const MOST_OFFSET = 1;
const LEAST_SOURCES = 3;

export const clocksAreOutvoted: Rule = rule(
  'clock-sources-outvote-a-wrong-one',
  'Clocks go by at least three different sources, so that two outvote one that is wrong.',
  ({ clocks: { sources } }) => [
    ...when(new Set(sources).size < LEAST_SOURCES, () => ({
      path: 'clocks.sources',
      given: `${new Set(sources).size} different ones`,
      allowed: `at least ${LEAST_SOURCES}: with two nobody can tell which one is wrong`,
      fix: 'for example "169.254.169.123", "time.aws.com", "time.google.com"',
    })),
    ...sources.flatMap((source, i) => [
      ...when(!isAddress(source) && !isHostName(source), () => ({
        path: `clocks.sources[${i}]`,
        given: JSON.stringify(source),
        allowed: 'a host name or an address, without a port',
        fix: 'for example "time.aws.com"',
      })),
      ...when(sources.indexOf(source) !== i, () => ({
        path: `clocks.sources[${i}]`,
        given: `"${source}" a second time`,
        allowed: 'each once',
        fix: 'remove it',
      })),
    ]),
  ],
);

export const offsetIsBounded: Rule = rule('clock-offset-is-bounded', 'A clock that is more than a second off is complained of.', ({ clocks }) => [
  ...when(clocks.maxOffset < 0.01 || clocks.maxOffset > MOST_OFFSET, () => ({
    path: 'clocks.maxOffset',
    given: `${clocks.maxOffset} s`,
    allowed: `0.01 s to ${MOST_OFFSET} s: less is the measurement’s own error over the internet`,
    fix: `use seconds(${MOST_OFFSET})`,
  })),
  ...when(clocks.checkEvery < 1 || clocks.checkEvery > 600, () => ({
    path: 'clocks.checkEvery',
    given: `${clocks.checkEvery} s`,
    allowed: '1 s to 600 s: public servers take no more, and an alarm should not come later',
    fix: 'use seconds(60)',
  })),
]);

export const CERTIFICATE_RULES: readonly Rule[] = [acmeNamesAreOurs, acmeAuthority, acmeRenewsInTime, thresholdsAreInOrder, clocksAreOutvoted, offsetIsBounded];
