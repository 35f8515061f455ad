/** Have two people agreed? Asked again until they have, or have not in time. */
import { approve } from '../../lib/failover/steps/approve';
import { approvalsBy, sendToSts } from '../aws/approvals';
import { auditBy } from '../aws/audit';
import { clock } from '../aws/clock';
import { stsEndpoint } from '../aws/sts-endpoint';
import { onSteps } from '../runtime/handler';
import { leaseOf } from '../runtime/lease';
import { noticeOf } from '../runtime/notice';
import { required, selfFromEnvironment, settingsFromEnvironment } from '../runtime/settings';

const settings = settingsFromEnvironment();
const self = selfFromEnvironment();
const { lease, items } = leaseOf(settings);
const notify = noticeOf(settings, self, items);
const approvals = approvalsBy({ account: required('HOLDFAST_ACCOUNT'), items, notify, send: sendToSts(stsEndpoint(self)) });
const ports = { lease, approvals, audit: auditBy(items), clock };

export const handler = onSteps(settings, {
  failover: ({ request }) => approve(settings, ports, request),
  failback: ({ request }) => approve(settings, ports, request),
});
