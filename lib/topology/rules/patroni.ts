import { PATRONI_FLOORS } from '../patroni-floors';
import { frozenPatroniNoticedWithin, PATRONI_RESTART_SECONDS } from '../supervision';
import type { PatroniTimings } from '../types';
import { regionRule, when, type Finding, type Rule } from './rule';

const WHOLE: readonly (keyof PatroniTimings)[] = ['ttl', 'loopWait', 'retryTimeout', 'primaryStartTimeout'];

export const patroniWholeSeconds: Rule = regionRule('patroni-whole-seconds', 'Patroni’s timings are whole seconds: it cuts fractions off.', (region, at) =>
  WHOLE.flatMap((key) => {
    const given = region.postgres.patroni[key];
    return when(!Number.isInteger(given), () => ({
      path: at(`postgres.patroni.${key}`),
      given: `${given} s`,
      allowed: 'whole seconds',
      fix: `use seconds(${Math.ceil(given)})`,
    }));
  }),
);

export const patroniFloors: Rule = regionRule(
  'patroni-floors',
  'ttl >= 20 s, loopWait >= 1 s, retryTimeout >= 3 s: below, Patroni silently uses these.',
  (region, at) =>
    (['ttl', 'loopWait', 'retryTimeout'] as const).flatMap((key) =>
      when(region.postgres.patroni[key] < PATRONI_FLOORS[key], () => ({
        path: at(`postgres.patroni.${key}`),
        given: `${region.postgres.patroni[key]} s`,
        allowed: `>= ${PATRONI_FLOORS[key]} s`,
        fix: `use seconds(${PATRONI_FLOORS[key]})`,
      })),
    ),
);

export const leaseCoversRetries: Rule = regionRule(
  'patroni-lease-covers-retries',
  'loopWait + 2 x retryTimeout <= ttl: a primary that retries etcd once more still holds its lease.',
  (region, at) => {
    const { ttl, loopWait, retryTimeout } = region.postgres.patroni;
    const needed = loopWait + 2 * retryTimeout;
    return when(needed > ttl, () => ({
      path: at('postgres.patroni'),
      given: `loopWait ${loopWait} s + 2 x retryTimeout ${retryTimeout} s = ${needed} s > ttl ${ttl} s`,
      allowed: 'loopWait + 2 x retryTimeout <= ttl',
      fix: `lower retryTimeout to ${Math.max(PATRONI_FLOORS.retryTimeout, Math.floor((ttl - loopWait) / 2))} s, or raise ttl to ${needed} s`,
    }));
  },
);

export const supervisionBeatsTheLease: Rule = regionRule(
  'supervision-beats-the-lease',
  'A frozen Patroni is found, killed and running again before its leader lease ends, so that its primary is not failed over while it still takes writes.',
  (region, at) => {
    const { supervision, patroni } = region.postgres;
    const restarted = frozenPatroniNoticedWithin(supervision).upper + PATRONI_RESTART_SECONDS;
    const left = patroni.ttl - patroni.loopWait;
    return when(restarted >= left, () => ({
      path: at('postgres.supervision'),
      given: `${restarted} s until a frozen Patroni runs again (${supervision.probeFailures} probes of ${supervision.probeTimeout} s every ${supervision.probeInterval} s, restart ${PATRONI_RESTART_SECONDS} s)`,
      allowed: `less than the ${left} s that are left of the lease (ttl - loopWait)`,
      fix: 'lower probeFailures, probeTimeout or probeInterval',
    }));
  },
);

const positive = (path: string, given: number): readonly Finding[] =>
  when(given <= 0, () => ({ path, given: `${given} s`, allowed: '> 0 s', fix: 'use a time greater than 0: with 0 it would be off, or busy' }));

export const intervalsArePositive: Rule = regionRule(
  'intervals-are-positive',
  'Probe, poll, retry and wait times, and the number of failed probes, are greater than 0.',
  (region, at) => [
    ...(['probeInterval', 'probeTimeout'] as const).flatMap((key) => positive(at(`postgres.supervision.${key}`), region.postgres.supervision[key])),
    ...when(region.postgres.supervision.probeFailures < 1, () => ({
      path: at('postgres.supervision.probeFailures'),
      given: String(region.postgres.supervision.probeFailures),
      allowed: '>= 1',
      fix: 'use 3: one late answer must not end Patroni',
    })),
    ...(['pollInterval', 'requestTimeout'] as const).flatMap((key) => positive(at(`follower.${key}`), region.follower[key])),
    ...(['queryWaitTimeout', 'serverLoginRetry', 'serverConnectTimeout'] as const).flatMap((key) => positive(at(`pooler.${key}`), region.pooler[key])),
  ],
);
