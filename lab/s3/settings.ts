/** Where the lab's S3 store is: a host of its own beside the zones, so that no node that is lost takes the backups with it. */
import { join } from 'node:path';
import type { BackupStorage } from '../../lib/services/pgbackrest';
import { backupBucketName } from '../../lib/topology/derive';
import type { Environment, Region } from '../../lib/topology/types';
import type { LabSettings } from '../settings';

/** Where AWS has an account id. */
const ACCOUNT = 'lab';
const BRIDGE = 8;

export interface ObjectStoreSettings {
  readonly netns: string;
  readonly bridge: number;
  readonly address: string;
  readonly gateway: string;
  readonly directory: string;
  /** Served: every folder of it is a bucket. */
  readonly data: string;
}

const network = (region: Region): string => region.network.vpcCidr.split('.').slice(0, 2).join('.');

const storeAddress = (region: Region): string => `${network(region)}.${BRIDGE}.10`;

export const objectStore = (lab: LabSettings): ObjectStoreSettings => {
  const directory = join(lab.directory, 's3');
  return {
    netns: `${lab.prefix}-s3`,
    bridge: BRIDGE,
    address: storeAddress(lab.region),
    gateway: `${network(lab.region)}.${BRIDGE}.1`,
    directory,
    data: join(directory, 'data'),
  };
};

export const labBucket = (environment: Environment, region: Region): string => backupBucketName(environment, region, ACCOUNT);

/** The folder that pgBackRest's repository is. */
export const repositoryFolder = (lab: LabSettings): string => join(objectStore(lab).data, labBucket(lab.environment, lab.region), 'pgbackrest');

/** The lab's stores, as the charts see them: keys instead of a role, and the store's own certificate authority. */
export const labBackupStorage = (environment: Environment): BackupStorage => ({
  buckets: Object.fromEntries(environment.regions.map((r) => [r.name, { bucket: labBucket(environment, r), endpoint: storeAddress(r) }])),
  credentials: 'shared',
  roleArn: null,
  addressing: 'path',
  authority: 'provided',
});
