/** May this run go on; and has the target the room to carry all clients? */
import { precheck } from '../../lib/failover/steps/precheck';
import { scale } from '../../lib/failover/steps/scale';
import { auditBy } from '../aws/audit';
import { clock } from '../aws/clock';
import { regionDoors } from '../runtime/doors';
import { onSteps } from '../runtime/handler';
import { leaseOf } from '../runtime/lease';
import { selfFromEnvironment, settingsFromEnvironment } from '../runtime/settings';

const settings = settingsFromEnvironment();
const { lease, items } = leaseOf(settings);
const ports = { lease, region: regionDoors(settings, selfFromEnvironment()), audit: auditBy(items), clock };

export const handler = onSteps(settings, {
  failover: ({ request }) => precheck(settings, ports, request),
  failback: ({ request }) => precheck(settings, ports, request),
  scale: ({ request }) => scale(settings, ports, request),
});
