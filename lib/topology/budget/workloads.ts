/** Which stages each scenario of workloads goes through, as a user sees them: between two answers that one client gets. */
import { outOfRotationSeconds } from '../gateway';
import type { WorkloadScenario } from '../scenarios';
import type { Environment } from '../types';
import type { Span } from './constants';
import { WORKLOAD_CONSTANTS as C } from './constants-workloads';
import type { FamilyStages } from './family';
import type { Stage } from './stages';

const constant = (name: string, { lower, upper, source }: Span): Stage => ({ name, lower, upper, source, settings: [], savable: 0 });

const pauses = [constant('between two requests', C.betweenRequests)];
/** Nobody is told anything: a request is answered late, or by another pod. */
const unnoticed = (): readonly Stage[] => [...pauses, constant('request under way', C.requestUnderWay), constant('sent to another pod', C.triedElsewhere)];

/** A kept connection, and what was under way on it, end with the process; the rest is refused at once and goes elsewhere. */
const podKilled = (): readonly Stage[] => [...unnoticed(), constant('client tries again', C.clientRetry)];

const outOfRotation = ({ gateway }: Environment): Stage => ({
  name: 'out of rotation',
  lower: 0,
  upper: outOfRotationSeconds(gateway.check),
  source: 'gateway.check',
  settings: ['gateway.check'],
  savable: 0,
});

/** What a pod can't do it refuses in the end; by then, or with the next attempt, somebody else does it. */
const givenUp: readonly Stage[] = [constant('a request is given up', C.requestGivenUp), constant('client tries again', C.clientRetry)];

const podLosesDatabase = (environment: Environment): readonly Stage[] => [
  ...pauses,
  constant('database missed', C.databaseMissed),
  constant('told from an outage', C.partitionTold),
  outOfRotation(environment),
  ...givenUp,
];

/** With the node go a pooler, and a node of the cache: requests of other pods that waited for them are tried again there. */
const nodeDies = (environment: Environment): readonly Stage[] => [...pauses, outOfRotation(environment), ...givenUp];

export const WORKLOAD_STAGES: FamilyStages<WorkloadScenario> = {
  'good-deploy': unnoticed,
  'bad-deploy': unnoticed,
  'out-of-memory': podKilled,
  'pod-loses-database': podLosesDatabase,
  'application-node-dies': nodeDies,
  'queue-backlog': unnoticed,
  'load-surge': unnoticed,
  'cache-down': () => [...pauses, constant('cache missed', C.cacheMissed), constant('request under way', C.requestUnderWay)],
  // Requests that are signed now are good for a minute either way: a pod whose clock is off by less serves on.
  'clock-step': unnoticed,
  'database-down': () => [
    ...pauses,
    constant('database missed', C.databaseMissed),
    constant('event queued', C.eventQueued),
    constant('client tries again', C.clientRetry),
  ],
};
