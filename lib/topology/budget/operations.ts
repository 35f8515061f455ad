/** Which stages each scenario of operations goes through. */
import { homeRegion } from '../derive';
import type { OperationScenario } from '../scenarios';
import type { Environment } from '../types';
import type { Span } from './constants';
import { OPERATION_CONSTANTS as C } from './constants-operations';
import type { FamilyStages } from './family';
import * as stage from './stages';
import type { Stage } from './stages';

const constant = (name: string, { lower, upper, source }: Span): Stage => ({ name, lower, upper, source, settings: [], savable: 0 });

/** One tier after the other, each verified before the next is started. The last primary may be among the dead: then its lease has to run out. */
const coldStart = (environment: Environment): readonly Stage[] => {
  const region = homeRegion(environment);
  const lease = stage.leaseExpiry(region);
  return [
    constant('command given', C.recoveryBegins),
    constant('control plane', C.controlPlane),
    constant('workloads held', C.workloadsHeld),
    constant('machines', C.machines),
    constant('cluster DNS', C.clusterDns),
    constant('etcd members start', C.podStarts),
    stage.leaseRearmed(region, true),
    constant('database members start', C.podStarts),
    constant('member names checked', C.memberUnique),
    constant('crash recovery', C.crashRecovery),
    { ...lease, name: 'lease of the last primary', lower: 0 },
    stage.leaderRace(),
    stage.promotion(),
    ...stage.synchronousStandby(region),
    constant('poolers start', C.podStarts),
    stage.routing(region, true),
    constant('looks between the stages', C.looks),
    stage.clientRetry(region, true),
  ];
};

/** A batch locks rows that nobody else wants; what clients may notice is the disk. */
const besideBatches: Stage = { ...constant('beside a batch', C.besideABatch), settings: ['maintenance.batchSize'] };
const maintenanceUnderLoad = (environment: Environment): readonly Stage[] => [
  stage.undisturbed(),
  besideBatches,
  stage.clientRetry(homeRegion(environment), false),
];

/** Whoever waited too long got an error and tries again. */
const connectionsExhausted = (environment: Environment): readonly Stage[] => {
  const region = homeRegion(environment);
  return [
    constant('pools filled', C.poolsFilled),
    constant('sessions grow old', C.sessionsAge),
    constant('looked at and ended', C.lookAndEnd),
    {
      name: 'a waiting query is given up and tried again',
      lower: 0,
      upper: region.pooler.queryWaitTimeout,
      source: 'pooler.queryWaitTimeout',
      settings: ['pooler.queryWaitTimeout'],
      savable: region.pooler.queryWaitTimeout,
    },
    stage.clientRetry(region, false),
  ];
};

export const OPERATION_STAGES: FamilyStages<OperationScenario> = {
  'connections-exhausted': connectionsExhausted,
  'maintenance-under-load': maintenanceUnderLoad,
  'region-cold-start': coldStart,
};
