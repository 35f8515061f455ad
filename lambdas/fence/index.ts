/** The old region commits nothing any more: by its word, or because its lease has run out. */
import { fence } from '../../lib/failover/steps/fence';
import { clock } from '../aws/clock';
import { regionDoors } from '../runtime/doors';
import { onSteps } from '../runtime/handler';
import { leaseOf } from '../runtime/lease';
import { selfFromEnvironment, settingsFromEnvironment } from '../runtime/settings';

const settings = settingsFromEnvironment();
const ports = { lease: leaseOf(settings).lease, region: regionDoors(settings, selfFromEnvironment()), clock };

export const handler = onSteps(settings, { fence: ({ request }) => fence(settings, ports, request) });
