/** A row that carries the epoch is written through the target's pooler, and read back. */
import { verify } from '../../lib/failover/steps/after-promotion';
import { clock } from '../aws/clock';
import { databaseLogin } from '../aws/database-login';
import { writeProbe } from '../aws/write-probe';
import { onSteps } from '../runtime/handler';
import { leaseOf } from '../runtime/lease';
import { selfFromEnvironment, settingsFromEnvironment } from '../runtime/settings';

const settings = settingsFromEnvironment();
const ports = { lease: leaseOf(settings).lease, write: writeProbe(settings, databaseLogin(selfFromEnvironment())), clock };

export const handler = onSteps(settings, { verify: ({ request }) => verify(settings, ports, request) });
