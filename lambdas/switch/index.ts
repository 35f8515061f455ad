/** What the DNS tree looks at, three objects outside all regions with workloads, says that the target is active. */
import { switchTraffic } from '../../lib/failover/steps/after-promotion';
import { clock } from '../aws/clock';
import { switchObjectsOf } from '../aws/switch-objects';
import { onSteps } from '../runtime/handler';
import { leaseOf } from '../runtime/lease';
import { settingsFromEnvironment } from '../runtime/settings';

const settings = settingsFromEnvironment();
const ports = { lease: leaseOf(settings).lease, traffic: switchObjectsOf(settings), clock };

export const handler = onSteps(settings, { switch: ({ request }) => switchTraffic(settings, ports, request) });
