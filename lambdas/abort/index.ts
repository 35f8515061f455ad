/** Gives a run up, unless the point of no return has been passed. */
import { abort } from '../../lib/failover/steps/abort';
import { clock } from '../aws/clock';
import { regionDoors } from '../runtime/doors';
import { onSteps } from '../runtime/handler';
import { leaseOf } from '../runtime/lease';
import { noticeOf } from '../runtime/notice';
import { selfFromEnvironment, settingsFromEnvironment } from '../runtime/settings';

const settings = settingsFromEnvironment();
const self = selfFromEnvironment();
const { lease, items } = leaseOf(settings);
const ports = { lease, region: regionDoors(settings, self), notify: noticeOf(settings, self, items), clock };

export const handler = onSteps(settings, { undo: ({ request }) => abort(settings, ports, request) });
