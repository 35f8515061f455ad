/** What the drills of region failover do. */
import { AWAY_SECONDS, BEYOND_LAG_SECONDS, PEOPLE_SECONDS } from '../../topology/budget/constants-failover';
import type { FailoverScenario } from '../../topology/scenarios';
import type { ProcedureDescription, ProcedureDescriptions } from './procedure';

/** A region starts, and its members rewind or copy over the link. */
const REGION_RETURNS_SECONDS = 120;
/** The longest that a region may stay away: decision, fence and promotion, with room for a loaded machine. */
const REGION_AWAY_SECONDS = 180;

const drill =
  (scenario: FailoverScenario, change: Omit<ProcedureDescription, 'scenario' | 'planned' | 'requirements'> & Partial<ProcedureDescription>) =>
  (): ProcedureDescription => ({
    scenario,
    planned: false,
    requirements: ['CS-5', 'PW-9', 'PW-10'],
    ...change,
  });

export const FAILOVER_DRILLS: ProcedureDescriptions<FailoverScenario> = {
  'region-lost': drill('region-lost', {
    title: 'the primary region is lost, and another one takes over by itself',
    procedure: [
      'clients write in both regions, and resolve names with the TTL of the answers',
      'all links of the primary region are cut, then all of its machines are killed; nobody does anything',
      'the decider starts the workflow; the lease is waited out, the target promoted, the switch objects written; clients follow by DNS',
      'power and links return: the region follows, and what it alone has is written to its reconciliation file',
    ],
    healthyDeadlineSeconds: REGION_RETURNS_SECONDS,
    longestFaultSeconds: REGION_AWAY_SECONDS,
  }),
  'region-isolated': drill('region-isolated', {
    title: 'the primary region is cut off from everything, and goes on running',
    procedure: [
      'all links of the primary region are cut; its machines, and clients inside of it, go on',
      'its lease runs out: the commit guard refuses clients inside; another region takes over',
      'the last write that was accepted inside is older than the first one accepted in the other region',
      'the links return: the region steps back, and follows',
    ],
    healthyDeadlineSeconds: REGION_RETURNS_SECONDS,
    longestFaultSeconds: REGION_AWAY_SECONDS,
  }),
  'witness-lost': drill('witness-lost', {
    title: 'the witness region is lost',
    procedure: [
      `the decider does not run for ${AWAY_SECONDS} s, and the lease store's replica beside it does not answer`,
      'nobody fails over, and nobody who writes notices',
    ],
    healthyDeadlineSeconds: 60,
    longestFaultSeconds: AWAY_SECONDS + 30,
  }),
  'lease-store-lost': drill('lease-store-lost', {
    title: 'the lease store is lost',
    procedure: [
      `the lease store does not answer for ${AWAY_SECONDS} s`,
      'the other regions vouch for the primary one, whose commits go on; nobody fails over',
      'the store returns: the lease is renewed again, in the same epoch',
    ],
    healthyDeadlineSeconds: 60,
    longestFaultSeconds: AWAY_SECONDS + 30,
  }),
  'failover-interrupted': drill('failover-interrupted', {
    title: 'the functions of a failover die, one at each step',
    procedure: [
      'as region-lost; every function of the workflow dies once, after what it was to do and before it has said so',
      'the workflow calls each again, and ends as if nothing had happened: one promotion, one epoch',
    ],
    healthyDeadlineSeconds: REGION_RETURNS_SECONDS,
    longestFaultSeconds: REGION_AWAY_SECONDS + 60,
  }),
  'lag-gate': drill('lag-gate', {
    title: 'the primary region is lost while the standby region is far behind',
    procedure: [
      `replication is held back until the standby region is ${BEYOND_LAG_SECONDS} s further behind than failover.maxLag, then the primary region is lost`,
      'the failover that begins by itself is refused by the gate, and somebody is called',
      `a person forces it with a reason, two people agree ${PEOPLE_SECONDS} s later; the record names the loss and who accepted it`,
      'power and links return; what was lost is in the reconciliation file',
    ],
    healthyDeadlineSeconds: REGION_RETURNS_SECONDS,
    longestFaultSeconds: REGION_AWAY_SECONDS + 120,
  }),
  failback: drill('failback', {
    title: 'the writes are handed back to the home region',
    planned: true,
    requirements: ['CS-5', 'PW-9'],
    procedure: [
      'clients write in both regions; the other region is primary, and the home region follows',
      '`holdfast failback`: two people agree; prepare, lease, demotion, the log to its last byte, promotion, switch',
      'nothing is lost, and the old primary region follows',
    ],
    healthyDeadlineSeconds: 60,
    longestFaultSeconds: 180,
  }),
};
