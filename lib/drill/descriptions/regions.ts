/** What the drills of regions do. */
import { DECISION_SECONDS, LINK_CUT_SECONDS, STANDBY_AWAY_SECONDS } from '../../topology/budget/constants-regions';
import type { RegionScenario } from '../../topology/scenarios';
import type { ProcedureDescriptions } from './procedure';

/** A region starts, and its members rewind or copy over the link. */
const REGION_RETURNS_SECONDS = 120;

export const REGION_DRILLS: ProcedureDescriptions<RegionScenario> = {
  'region-switchover': () => ({
    title: 'the primary region hands over to the standby region',
    scenario: 'region-switchover',
    requirements: ['CS-5'],
    planned: true,
    procedure: [
      'clients write in both regions, those of the standby region through the primary region',
      'prepare, fence by demotion, wait for the log to its last byte, promote, follow: the steps of `holdfast region switchover`',
      'clients of both regions are served again, and the old primary region follows',
    ],
    healthyDeadlineSeconds: 60,
    longestFaultSeconds: 180,
  }),
  'region-crash-promotion': () => ({
    title: 'the primary region is lost, the standby region is promoted',
    scenario: 'region-crash-promotion',
    requirements: ['CS-5', 'PW-10'],
    planned: false,
    procedure: [
      'all links of the primary region are cut, then all of its machines are killed, its control plane too',
      `${DECISION_SECONDS} s later the standby region is promoted: the fence is that no machine of the other one runs`,
      'power and links return; the guard keeps the old primaries from starting as such, what they alone have is written to a reconciliation file, and they follow',
      'every acknowledged row that is missing must be in that file',
    ],
    healthyDeadlineSeconds: REGION_RETURNS_SECONDS,
    longestFaultSeconds: 120,
  }),
  'regions-link-cut': () => ({
    title: `the link between the regions is cut for ${LINK_CUT_SECONDS} s`,
    scenario: 'regions-link-cut',
    requirements: ['CS-5', 'NR-2'],
    planned: false,
    procedure: [
      `packets between the regions are dropped for ${LINK_CUT_SECONDS} s`,
      'clients of the primary region are served all the time; nobody is promoted',
      'the link returns: the standby region catches up, and forwards writes again',
    ],
    healthyDeadlineSeconds: 60,
    longestFaultSeconds: LINK_CUT_SECONDS + 30,
  }),
  'standby-region-lost': () => ({
    title: 'the standby region is lost and returns',
    scenario: 'standby-region-lost',
    requirements: ['CS-5'],
    planned: false,
    procedure: [
      'all links of the standby region are cut, then all of its machines are killed',
      `${STANDBY_AWAY_SECONDS} s later they return`,
      'clients of the primary region are served all the time; the standby region catches up by itself',
    ],
    healthyDeadlineSeconds: REGION_RETURNS_SECONDS,
    longestFaultSeconds: STANDBY_AWAY_SECONDS + 60,
  }),
  'region-rejoin': () => ({
    title: 'a primary region that was lost, and replaced, returns',
    scenario: 'region-rejoin',
    requirements: ['CS-5', 'PW-10'],
    planned: false,
    procedure: [
      'as region-crash-promotion, and the new primary region serves for a while',
      'power and links of the old one return, and nobody does anything',
      'it must never accept a write, and follow the new one, whole, within the deadline',
    ],
    healthyDeadlineSeconds: 60,
    longestFaultSeconds: 150,
  }),
};
