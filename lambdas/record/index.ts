/** The beginning of a run, and a run that was refused or had nothing left to do, in the audit; both are told as well. */
import { tell } from '../../lib/failover/steps/tell';
import { auditBy } from '../aws/audit';
import { clock } from '../aws/clock';
import { onSteps } from '../runtime/handler';
import { leaseOf } from '../runtime/lease';
import { noticeOf } from '../runtime/notice';
import { selfFromEnvironment, settingsFromEnvironment } from '../runtime/settings';

const settings = settingsFromEnvironment();
const { items } = leaseOf(settings);
const ports = { notify: noticeOf(settings, selfFromEnvironment(), items), audit: auditBy(items), clock };

export const handler = onSteps(settings, {
  begin: ({ request, run }) => tell(settings, ports, request, 'begin', run),
  refused: ({ request, run }) => tell(settings, ports, request, 'refused', run),
  'carried-out': ({ request, run }) => tell(settings, ports, request, 'carried-out', run),
});
