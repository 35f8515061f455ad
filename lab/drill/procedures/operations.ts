/** How the drills of operations are carried out. */
import type { OperationScenario } from '../../../lib/topology/scenarios';
import { connectionsExhausted } from '../../operations/connections-exhausted';
import { coldStart } from '../../operations/cold-start';
import { maintenanceUnderLoad } from '../../operations/maintenance-under-load';
import type { Procedures } from './procedure';

export const OPERATION_PROCEDURES: Procedures<OperationScenario> = {
  'connections-exhausted': connectionsExhausted,
  'maintenance-under-load': maintenanceUnderLoad,
  'region-cold-start': coldStart,
};
