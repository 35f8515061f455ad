/** Which stages each scenario of regions goes through. Replication between regions is asynchronous: a crash loses what was under way, which no setting bounds. */
import { homeRegion } from '../derive';
import type { RegionScenario } from '../scenarios';
import type { Environment } from '../types';
import { CONSTANTS, type Span } from './constants';
import { DECISION_SECONDS, REGION_CONSTANTS } from './constants-regions';
import type { FamilyLosses, FamilyStages } from './family';
import { clientRetry, orderlyDemotion, promotion, routing, type Stage, synchronousStandby, undisturbed } from './stages';

const constant = (name: string, { lower, upper, source }: Span): Stage => ({ name, lower, upper, source, settings: [], savable: 0 });

const served = (environment: Environment): readonly Stage[] => {
  const region = homeRegion(environment);
  return [
    promotion(),
    ...synchronousStandby(region),
    routing(region, false),
    constant('other region heard', REGION_CONSTANTS.peerHeard),
    clientRetry(region, false),
  ];
};

const goesOn = (environment: Environment): readonly Stage[] => [undisturbed(), clientRetry(homeRegion(environment), false)];

export const REGION_STAGES: FamilyStages<RegionScenario> = {
  'region-switchover': (environment) => [
    orderlyDemotion(),
    constant('last segment of the log crosses the link', REGION_CONSTANTS.lastSegment),
    constant('standby region has everything', REGION_CONSTANTS.level),
    ...served(environment),
  ],
  'region-crash-promotion': (environment) => [
    constant('decision', {
      lower: DECISION_SECONDS,
      upper: DECISION_SECONDS + CONSTANTS.wake.upper,
      source: `the drill: ${DECISION_SECONDS} s after the loss somebody has decided`,
    }),
    constant('regions looked at', REGION_CONSTANTS.lookedAt),
    ...served(environment),
  ],
  // The primary region commits without the other one.
  'regions-link-cut': goesOn,
  'standby-region-lost': goesOn,
  // Clients of the present primary region, and of no other.
  'region-rejoin': goesOn,
};

/** Only the crash loses anything: what the standby region had not received. */
export const REGION_LOSSES: FamilyLosses<RegionScenario> = {
  'region-crash-promotion': () => ({
    seconds: null,
    because: 'regions replicate asynchronously: what was under way when the region was lost is lost, and listed when it returns',
  }),
};
