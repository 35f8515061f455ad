/** The same as `switch`, where the DNS tree looks at routing controls. */
import { switchTraffic } from '../../lib/failover/steps/after-promotion';
import { clock } from '../aws/clock';
import { routingControls, routingControlsFromEnvironment } from '../aws/routing-controls';
import { onSteps } from '../runtime/handler';
import { leaseOf } from '../runtime/lease';
import { settingsFromEnvironment } from '../runtime/settings';

const settings = settingsFromEnvironment();
const ports = { lease: leaseOf(settings).lease, traffic: routingControls(routingControlsFromEnvironment()), clock };

export const handler = onSteps(settings, { switch: ({ request }) => switchTraffic(settings, ports, request) });
