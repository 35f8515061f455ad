import { majority } from '../derive';
import { regionRule, when, type Rule } from './rule';

export const etcdMembersAreOdd: Rule = regionRule(
  'etcd-members-are-odd',
  'etcd has an odd number of members, 3 to 7: an even one tolerates no more losses.',
  (region, at) => {
    const { members } = region.etcd;
    return when(members < 3 || members > 7 || members % 2 === 0, () => ({
      path: at('etcd.members'),
      given: String(members),
      allowed: '3, 5 or 7',
      fix: `use ${members < 3 ? 3 : members > 7 ? 7 : members + 1}`,
    }));
  },
);

export const noZoneHoldsAMajority: Rule = regionRule(
  'no-zone-holds-an-etcd-majority',
  'With etcd’s members spread evenly over the AZs, losing any one AZ leaves a majority.',
  (region, at) => {
    const { members } = region.etcd;
    const inOneZone = Math.ceil(members / Math.max(1, region.zones.length));
    return when(members - inOneZone < majority(members), () => ({
      path: at('etcd.members'),
      given: `${members} members over ${region.zones.length} AZs: losing one AZ loses ${inOneZone} of them, ${members - inOneZone} are left and a majority is ${majority(members)}`,
      allowed: 'a majority left after the loss of any one AZ',
      fix: 'use 3 members over 3 AZs, or 5 over 5',
    }));
  },
);

export const electionOutlastsHeartbeats: Rule = regionRule(
  'etcd-election-outlasts-heartbeats',
  'etcd’s election timeout is at least 5 heartbeats and at most 50 s (etcd’s own limits); a heartbeat at least 10 ms.',
  (region, at) => {
    const { heartbeat, electionTimeout } = region.etcd;
    return [
      ...when(heartbeat < 0.01, () => ({
        path: at('etcd.heartbeat'),
        given: `${heartbeat} s`,
        allowed: '>= 0.01 s',
        fix: 'use seconds(0.1), about the round trip between AZs times ten',
      })),
      ...when(electionTimeout < 5 * heartbeat || electionTimeout > 50, () => ({
        path: at('etcd.electionTimeout'),
        given: `${electionTimeout} s with a heartbeat of ${heartbeat} s`,
        allowed: `${5 * heartbeat} s to 50 s`,
        fix: `use seconds(${10 * heartbeat}), ten heartbeats`,
      })),
    ];
  },
);

export const etcdQuotaFits: Rule = regionRule(
  'etcd-quota-fits-its-volume',
  'etcd’s backend quota is at most 8 GiB (etcd’s advice) and half of its volume: snapshots and the write-ahead log need the rest.',
  (region, at) => {
    const largest = Math.min(8192, (region.etcd.storage * 1024) / 2);
    return when(region.etcd.quota > largest, () => ({
      path: at('etcd.quota'),
      given: `${region.etcd.quota} MiB on a volume of ${region.etcd.storage} GiB`,
      allowed: `<= ${largest} MiB`,
      fix: `use mebibytes(${largest}), or a volume of at least ${Math.ceil((2 * region.etcd.quota) / 1024)} GiB`,
    }));
  },
);

export const membersPairWithEtcd: Rule = regionRule(
  'members-pair-with-etcd',
  'Each AZ has one etcd member and one PostgreSQL member with the same ordinal: which etcd member shares the primary’s node is then a comparison of ordinals.',
  (region, at) => [
    ...when(region.postgres.membersPerAz !== 1, () => ({
      path: at('postgres.membersPerAz'),
      given: String(region.postgres.membersPerAz),
      allowed: '1 in this release',
      fix: 'use 1; for more members use more AZs',
    })),
    ...when(region.etcd.members !== region.zones.length, () => ({
      path: at('etcd.members'),
      given: `${region.etcd.members} members for ${region.zones.length} AZs`,
      allowed: 'as many as AZs in this release',
      fix: `use ${region.zones.length % 2 === 1 && region.zones.length >= 3 ? `${region.zones.length} members` : '3 AZs and 3 members'}`,
    })),
  ],
);

export const standbySurvivesAZoneLoss: Rule = regionRule(
  'synchronous-standby-survives-a-zone-loss',
  'In strict mode two AZs with a PostgreSQL member remain after the loss of any one: a primary and its synchronous standby. Otherwise writes would stop.',
  (region, at) => {
    const left = region.postgres.membersPerAz >= 1 ? region.zones.length - 1 : 0;
    return when(region.postgres.synchronousMode === 'strict' && left < 2, () => ({
      path: at('zones'),
      given: `${region.zones.length} AZs with ${region.postgres.membersPerAz} members each: ${Math.max(0, left)} left after the loss of one`,
      allowed: 'at least 2 AZs with a member left',
      fix: 'use 3 AZs and 1 member per AZ',
    }));
  },
);
