/**
 * Which stages a failover between regions goes through, up to the last client outside of both regions that writes again: first the other region accepts a write
 * (`firstWriteSeconds`), then DNS leads everybody there (`clientsMoved`).
 */
import { homeRegion } from '../derive';
import type { FailoverScenario } from '../scenarios';
import { EDGE_ORIGIN } from '../edge-names';
import type { Dns, Environment, RegionFailover } from '../types';
import type { Span } from './constants';
import { FAILOVER_CONSTANTS, PEOPLE_SECONDS } from './constants-failover';
import { REGION_CONSTANTS } from './constants-regions';
import type { FamilyLosses, FamilyStages } from './family';
import { clientRetry, orderlyDemotion, promotion, routing, type Stage, synchronousStandby, undisturbed } from './stages';

const stage = (name: string, lower: number, upper: number, source: string): Stage => ({ name, lower, upper, source, settings: [], savable: 0 });
const constant = (name: string, { lower, upper, source }: Span): Stage => stage(name, lower, upper, source);

const failoverOf = ({ name, failover }: Environment): RegionFailover => {
  if (failover === null) throw new Error(`environment "${name}" has no failover`);
  return failover;
};
const dnsOf = ({ name, dns }: Environment): Dns => {
  if (dns === null) throw new Error(`environment "${name}" has no dns`);
  return dns;
};

/** The signals come one after the other; the last of those that are needed is the lease that stands still. */
const noticed = ({ decision, lease }: RegionFailover): readonly Stage[] => [
  stage('signals', 0, decision.silentAfter + lease.renewEvery, 'failover.decision.silentAfter, failover.lease.renewEvery'),
  stage(
    'looks that agree',
    (decision.ticks - 1) * decision.every,
    decision.ticks * decision.every + FAILOVER_CONSTANTS.look.upper,
    `failover.decision.ticks x failover.decision.every; ${FAILOVER_CONSTANTS.look.source}`,
  ),
];

const decided: readonly Stage[] = [constant('workflow starts', FAILOVER_CONSTANTS.workflowStarts), constant('precheck', FAILOVER_CONSTANTS.precheck)];

/** A region that is lost says nothing: its lease is waited out. */
const fenced = ({ lease }: RegionFailover): readonly Stage[] => [
  constant('lease taken', FAILOVER_CONSTANTS.leaseTaken),
  constant('promise', FAILOVER_CONSTANTS.promised),
  stage(
    'lease waited out',
    lease.duration + lease.margin,
    (lease.duration + lease.margin) * 1.01,
    'failover.lease.duration + failover.lease.margin; drift 1 %',
  ),
];

/** The new primary's keeper has the lease, and its commits are accepted. */
const mayWrite = ({ lease }: RegionFailover): Stage =>
  stage('lease renewed by the target', 0, lease.renewEvery + lease.requestTimeout, 'failover.lease.renewEvery, failover.lease.requestTimeout');

const promoted = (environment: Environment): readonly Stage[] => {
  const region = homeRegion(environment);
  return [
    constant('point of no return', FAILOVER_CONSTANTS.marks),
    promotion(),
    ...synchronousStandby(region),
    mayWrite(failoverOf(environment)),
    routing(region, false),
    clientRetry(region, false),
  ];
};

const lost = (environment: Environment): readonly Stage[] => {
  const failover = failoverOf(environment);
  return [...noticed(failover), ...decided, ...fenced(failover), ...promoted(environment)];
};

/** CloudFront asks the tree like any client, and then has its own patience with a region that does not answer. */
const atTheEdge = ({ edge }: Environment): readonly Stage[] =>
  edge === null
    ? []
    : [
        stage(
          'CloudFront gives the former region up',
          0,
          EDGE_ORIGIN.connectionAttempts * EDGE_ORIGIN.connectionTimeout,
          `CloudFront: ${EDGE_ORIGIN.connectionAttempts} attempts to connect of ${EDGE_ORIGIN.connectionTimeout} s`,
        ),
      ];

/** From the first write in the other region until clients of the lost one write there. */
export const clientsMoved = (environment: Environment): readonly Stage[] => {
  const { healthChecks, ttl } = dnsOf(environment);
  return [
    constant('others repointed', FAILOVER_CONSTANTS.repointed),
    constant('a write proves it', FAILOVER_CONSTANTS.verified),
    constant('switch objects written', FAILOVER_CONSTANTS.switched),
    stage(
      'health checks see it',
      0,
      healthChecks.interval * healthChecks.switchThreshold + FAILOVER_CONSTANTS.checkersAgree.upper,
      `dns.healthChecks.interval x dns.healthChecks.switchThreshold; ${FAILOVER_CONSTANTS.checkersAgree.source}`,
    ),
    stage('resolvers forget', 0, ttl, 'dns.ttl'),
    ...atTheEdge(environment),
    constant('clients connect anew', FAILOVER_CONSTANTS.connectedAnew),
  ];
};

const upperOf = (stages: readonly Stage[]): number => stages.reduce((total, { upper }) => total + upper, 0);
const toTheLastClient = (environment: Environment): readonly Stage[] => [...lost(environment), ...clientsMoved(environment)];

/** From the loss to the first write that the other region accepts, of its own clients. Upper bound, seconds. */
export const firstWriteSeconds = (environment: Environment): number => upperOf(lost(environment));

/** An automatic failover to its very end: the last client of the lost region has been sent to the other one. Upper bound, seconds. */
export const automaticFailoverSeconds = (environment: Environment): number => upperOf(toTheLastClient(environment));

/** For so long a region that is cut off from everything may go on acknowledging its own clients, seconds; what it accepts then is lost to the region that takes over. */
export const acceptedWhenCutOff = ({ lease }: Pick<RegionFailover, 'lease'>): number => lease.duration + lease.margin;

const goesOn = (environment: Environment): readonly Stage[] => [undisturbed(), clientRetry(homeRegion(environment), false)];

export const FAILOVER_STAGES: FamilyStages<FailoverScenario> = {
  'region-lost': toTheLastClient,
  'region-isolated': toTheLastClient,
  // Nobody who writes needs the witness, and the other regions vouch while there is no lease store.
  'witness-lost': goesOn,
  'lease-store-lost': goesOn,
  // A function dies once at each step; the worst step is the fence, whose wait begins anew.
  'failover-interrupted': (environment) => {
    const { lease } = failoverOf(environment);
    return [
      ...toTheLastClient(environment),
      constant('a function that died', FAILOVER_CONSTANTS.callTimesOut),
      stage('lease waited out again', 0, (lease.duration + lease.margin) * 1.01, 'failover.lease.duration + failover.lease.margin'),
    ];
  },
  // Refused by itself; then somebody forces it, and another one agrees.
  'lag-gate': (environment) => {
    const failover = failoverOf(environment);
    const people = `the drill: two people agree ${PEOPLE_SECONDS} s after they are asked`;
    return [
      ...noticed(failover),
      ...decided,
      stage('people', PEOPLE_SECONDS, PEOPLE_SECONDS + FAILOVER_CONSTANTS.approvalSeen.upper, `${people}; ${FAILOVER_CONSTANTS.approvalSeen.source}`),
      stage('is it alive?', 2 * failover.lease.renewEvery, 2 * failover.lease.renewEvery + FAILOVER_CONSTANTS.precheck.upper, '2 x failover.lease.renewEvery'),
      ...fenced(failover),
      ...promoted(environment),
      ...clientsMoved(environment),
    ];
  },
  failback: (environment) => [
    orderlyDemotion(),
    constant('last segment of the log crosses the link', REGION_CONSTANTS.lastSegment),
    constant('standby region has everything', REGION_CONSTANTS.level),
    ...promoted(environment),
  ],
};

const ASYNCHRONOUS = 'regions replicate asynchronously: what was under way when the region was lost is lost, and listed when it returns';
const crash = (): ReturnType<NonNullable<FamilyLosses<FailoverScenario>['region-lost']>> => ({ seconds: null, because: ASYNCHRONOUS });

export const FAILOVER_LOSSES: FamilyLosses<FailoverScenario> = {
  'region-lost': crash,
  'region-isolated': (environment) => {
    const seconds = acceptedWhenCutOff(failoverOf(environment));
    return {
      seconds: null,
      because: `its own clients may be acknowledged for ${seconds} s more (failover.lease.duration + failover.lease.margin): lost to the region that takes over, as what was under way, and listed`,
    };
  },
  'failover-interrupted': crash,
  'lag-gate': () => ({ seconds: null, because: 'somebody has taken the loss upon himself, by name and with a reason' }),
};
