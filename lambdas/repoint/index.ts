/** The other standby regions follow the new primary. */
import { repoint } from '../../lib/failover/steps/after-promotion';
import { clock } from '../aws/clock';
import { regionDoors } from '../runtime/doors';
import { onSteps } from '../runtime/handler';
import { leaseOf } from '../runtime/lease';
import { selfFromEnvironment, settingsFromEnvironment } from '../runtime/settings';

const settings = settingsFromEnvironment();
const ports = { lease: leaseOf(settings).lease, region: regionDoors(settings, selfFromEnvironment()), clock };

export const handler = onSteps(settings, { repoint: ({ request }) => repoint(settings, ports, request) });
