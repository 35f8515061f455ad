import type { Expectation } from '../../lib/drill/expectation';
import { postgresMemberNames } from '../../lib/topology/derive';
import type { ProcedureContext } from '../drill/procedures/procedure';

/** What is expected of a drill in which nobody may notice a failover: every client counts, and the leader stays. */
export const withoutFailover = ({ lab, drill, budgetUpperSeconds }: ProcedureContext, clients: readonly string[], planned: boolean): Expectation => ({
  clients,
  excluded: [],
  members: postgresMemberNames(lab.region),
  leaderChanges: { min: 0, max: 0 },
  planned,
  objective: { rtoSeconds: drill.objective.rto, rpoSeconds: drill.objective.rpo },
  budgetUpperSeconds,
  healthyDeadlineSeconds: drill.healthyDeadlineSeconds,
});
