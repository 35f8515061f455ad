/** The target becomes the primary region. */
import { promote } from '../../lib/failover/steps/promote';
import { clock } from '../aws/clock';
import { regionDoors } from '../runtime/doors';
import { onSteps } from '../runtime/handler';
import { leaseOf } from '../runtime/lease';
import { selfFromEnvironment, settingsFromEnvironment } from '../runtime/settings';

const settings = settingsFromEnvironment();
const ports = { lease: leaseOf(settings).lease, region: regionDoors(settings, selfFromEnvironment()), clock };

export const handler = onSteps(settings, { promote: ({ request }) => promote(settings, ports, request) });
