/** The right to write: taken, committed to, settled. */
import { commit } from '../../lib/failover/steps/promote';
import { settle, takeLease } from '../../lib/failover/steps/take-lease';
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
  take: ({ request }) => takeLease(settings, ports, request),
  commit: ({ request }) => commit(settings, ports, request),
  settle: ({ request }) => settle(settings, ports, request),
});
