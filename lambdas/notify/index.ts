/** People are told how a run went, and the audit has its end. */
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
  done: ({ request, run }) => tell(settings, ports, request, 'done', run),
  aborted: ({ request, run }) => tell(settings, ports, request, 'aborted', run),
  page: ({ request, run }) => tell(settings, ports, request, 'page', run),
});
