import type { RegionDoor } from '../../lib/failover/failover-ports';
import type { FailoverSettings } from '../../lib/failover/settings';
import { doorCertificate } from '../aws/door-certificate';
import { doorsOf } from '../aws/region-door';

/** @param self the region that the function runs in */
export const regionDoors = (settings: FailoverSettings, self: string): ((name: string) => RegionDoor) => doorsOf(settings, doorCertificate(self));
