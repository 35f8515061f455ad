import { labFailover } from '../../../lib/environments/lab-failover';
import { production } from '../../../lib/environments/production';
import { failoverSettings } from '../../../lib/failover/settings';
import { defineEnvironment } from '../../../lib/topology/define';

export const LAB = failoverSettings(defineEnvironment(labFailover), 'us-east-1', '123456789012');
export const PRODUCTION = failoverSettings(defineEnvironment(production), 'us-east-1', '123456789012');
