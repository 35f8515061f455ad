/** What must hold so that a region is never taken for lost, and two never take writes. */
import { partitionOf } from '../aws-regions';
import { acceptedWhenCutOff } from '../budget/failover';
import type { Environment, RegionFailover } from '../types';
import { quoted, rule, when, type Finding, type Rule } from './rule';

/** Sets of regions between which DynamoDB offers strong consistency: a table lies in three of one set. https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/V2globaltables_HowItWorks.html */
export const STRONG_CONSISTENCY_SETS: readonly (readonly string[])[] = [
  ['us-east-1', 'us-east-2', 'us-west-2'],
  ['eu-west-1', 'eu-west-2', 'eu-west-3', 'eu-central-1'],
  ['ap-northeast-1', 'ap-northeast-2', 'ap-northeast-3'],
];

/** A rule on the failover of an environment that has one. */
const failoverRule = (id: string, sentence: string, check: (failover: RegionFailover, environment: Environment) => readonly Finding[]): Rule =>
  rule(id, sentence, (environment) => (environment.failover === null ? [] : check(environment.failover, environment)));

export const failoverHasParts: Rule = failoverRule(
  'failover-has-parts',
  'A failover needs a region to go to, and names that follow it.',
  (_, { dns, regions }) => [
    ...when(!regions.some((region) => region.role === 'standby'), () => ({
      path: 'failover',
      given: 'no standby region',
      allowed: 'at least one region with role "standby"',
      fix: 'add one, or remove failover',
    })),
    ...when(dns === null, () => ({
      path: 'failover',
      given: 'dns: null',
      allowed: 'a zone: clients find the new region by its names',
      fix: 'add dns: { zoneName, zoneId }, or remove failover',
    })),
  ],
);

export const failoverLivesOutside: Rule = failoverRule(
  'failover-lives-outside',
  'What decides, and what it decides by, lies outside the regions that may be lost.',
  (failover, { regions }) => {
    const workloads = regions.map((region) => region.name);
    const places = { witness: [failover.witness], leaseRegions: failover.leaseRegions, switchRegions: failover.switchRegions };
    return Object.entries(places).flatMap(([key, names]) => [
      ...when(
        names.some((name) => workloads.includes(name)),
        () => ({
          path: `failover.${key}`,
          given: quoted(names.filter((name) => workloads.includes(name))),
          allowed: `regions without workloads, so none of ${quoted(workloads)}`,
          fix: 'name other regions: what is lost with a region can neither fence it nor decide',
        }),
      ),
      ...when(
        names.some((name) => partitionOf(name) === undefined),
        () => ({
          path: `failover.${key}`,
          given: quoted(names.filter((name) => partitionOf(name) === undefined)),
          allowed: 'names of AWS regions',
          fix: 'take names from lib/topology/aws-regions.ts',
        }),
      ),
      ...when(key !== 'witness' && new Set(names).size !== 3, () => ({
        path: `failover.${key}`,
        given: `${names.length} entries, ${new Set(names).size} different regions`,
        allowed: 'three regions: two of them agree when any one is lost',
        fix: 'name three different ones',
      })),
    ]);
  },
);

export const leaseIsStronglyConsistent: Rule = failoverRule(
  'lease-is-strongly-consistent',
  'The lease lies in one set of regions between which DynamoDB is strongly consistent: last writer wins is no lock.',
  (failover) => [
    ...when(!STRONG_CONSISTENCY_SETS.some((set) => failover.leaseRegions.every((name) => set.includes(name))), () => ({
      path: 'failover.leaseRegions',
      given: quoted(failover.leaseRegions),
      allowed: `three of one of these sets: ${STRONG_CONSISTENCY_SETS.map((set) => quoted(set)).join('; ')}`,
      fix: 'for example eu-west-1, eu-west-2, eu-west-3',
    })),
    ...when(!failover.leaseRegions.slice(0, 2).includes(failover.witness), () => ({
      path: 'failover.witness',
      given: JSON.stringify(failover.witness),
      allowed: `a region with a replica of the lease, which are the first two of failover.leaseRegions: ${quoted(failover.leaseRegions.slice(0, 2))}`,
      fix: `use ${JSON.stringify(failover.leaseRegions[0] ?? '')}`,
    })),
  ],
);

export const regionLeaseIsRenewedInTime: Rule = failoverRule(
  'region-lease-is-renewed-in-time',
  'A lease survives two lost renewals, and a renewal ends before the next begins; nobody is taken for silent while its lease is good.',
  ({ lease, decision }) => [
    ...when(lease.renewEvery <= 0 || lease.duration < 3 * lease.renewEvery, () => ({
      path: 'failover.lease.renewEvery',
      given: `${lease.renewEvery} s, with failover.lease.duration ${lease.duration} s`,
      allowed: 'more than 0, and at most a third of the duration',
      fix: `use seconds(${Math.max(1, Math.floor(lease.duration / 3))})`,
    })),
    ...when(lease.requestTimeout <= 0 || lease.requestTimeout > lease.renewEvery, () => ({
      path: 'failover.lease.requestTimeout',
      given: `${lease.requestTimeout} s`,
      allowed: `more than 0, and at most failover.lease.renewEvery (${lease.renewEvery} s)`,
      fix: `use seconds(${lease.renewEvery})`,
    })),
    ...when(lease.margin < 1, () => ({
      path: 'failover.lease.margin',
      given: `${lease.margin} s`,
      allowed: '>= 1 s: two clocks, and a commit that was checked just before the lease ended',
      fix: 'use seconds(3)',
    })),
    ...when(decision.silentAfter < 2 * lease.renewEvery, () => ({
      path: 'failover.decision.silentAfter',
      given: `${decision.silentAfter} s`,
      allowed: `at least two renewals (${2 * lease.renewEvery} s): one that is late is no silence`,
      fix: `use seconds(${Math.ceil(2 * lease.renewEvery)})`,
    })),
  ],
);

export const decisionsAreConfirmed: Rule = failoverRule(
  'decisions-are-confirmed',
  'A loss is believed only when most signals agree more than once.',
  ({ decision, maxLag, cooldown, approvalTimeout }) => [
    ...when(!Number.isInteger(decision.signals) || decision.signals < 3 || decision.signals > 4, () => ({
      path: 'failover.decision.signals',
      given: String(decision.signals),
      allowed: '3 or 4 of the 4: two of them fail together when only the link between regions is cut',
      fix: 'use 3',
    })),
    ...when(!Number.isInteger(decision.ticks) || decision.ticks < 2 || decision.ticks > 60, () => ({
      path: 'failover.decision.ticks',
      given: String(decision.ticks),
      allowed: 'a whole number from 2 to 60',
      fix: 'use 3',
    })),
    ...when(decision.every < 1 || decision.every > 30, () => ({
      path: 'failover.decision.every',
      given: `${decision.every} s`,
      allowed: '1 to 30 s',
      fix: 'use seconds(5)',
    })),
    ...when(maxLag <= 0, () => ({ path: 'failover.maxLag', given: `${maxLag} s`, allowed: 'more than 0', fix: 'use seconds(30)' })),
    ...when(cooldown < 60, () => ({ path: 'failover.cooldown', given: `${cooldown} s`, allowed: '>= 60 s: no flapping', fix: 'use hours(1)' })),
    ...when(approvalTimeout < 60, () => ({
      path: 'failover.approvalTimeout',
      given: `${approvalTimeout} s`,
      allowed: '>= 60 s: two people have to wake up',
      fix: 'use minutes(15)',
    })),
  ],
);

/** Nobody can have both: a region that stopped at once whenever its links are cut would stop for every cut link. */
export const lossWhenCutOffIsPromised: Rule = failoverRule(
  'loss-when-cut-off-is-promised',
  'What a region that is cut off accepts until its lease ends is lost to the region that takes over: the objective says so.',
  (failover, { objectives }) => {
    const { rpo } = objectives['region-isolated'];
    const atLeast = acceptedWhenCutOff(failover);
    return when(rpo < atLeast, () => ({
      path: 'objectives.region-isolated.rpo',
      given: `${rpo} s`,
      allowed: `>= ${atLeast} s: failover.lease.duration + failover.lease.margin`,
      fix: `use seconds(${atLeast + 0.5}), or make the lease shorter`,
    }));
  },
);

export const FAILOVER_RULES: readonly Rule[] = [
  failoverHasParts,
  failoverLivesOutside,
  leaseIsStronglyConsistent,
  regionLeaseIsRenewedInTime,
  decisionsAreConfirmed,
  lossWhenCutOffIsPromised,
];
