/** Before a failback takes the lease: what would make the end of the old primary long. */
import { drain } from '../../lib/failover/steps/drain';
import { clock } from '../aws/clock';
import { regionDoors } from '../runtime/doors';
import { onSteps } from '../runtime/handler';
import { leaseOf } from '../runtime/lease';
import { selfFromEnvironment, settingsFromEnvironment } from '../runtime/settings';

const settings = settingsFromEnvironment();
const ports = { lease: leaseOf(settings).lease, region: regionDoors(settings, selfFromEnvironment()), clock };

export const handler = onSteps(settings, { drain: ({ request }) => drain(settings, ports, request) });
