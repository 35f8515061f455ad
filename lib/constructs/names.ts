/** Physical names that a stack of another region must know without asking: all derived from the model, so that no stack waits for another region's answer. */
import { ArnFormat, Aws, type Stack } from 'aws-cdk-lib';
import { regionCode } from '../topology/derive';
import { EDGE_REGION } from '../topology/edge-names';
import type { Environment, Region } from '../topology/types';

const LONGEST_BUCKET_NAME = 63;
const ACCOUNT_ID = '0'.repeat(12);

const bucketName = (environment: Environment, region: Pick<Region, 'name'>, purpose: string): string => {
  const name = (account: string): string => `holdfast-${environment.name}-${regionCode(region.name)}-${purpose}-${account}`;
  const length = name(ACCOUNT_ID).length;
  if (length > LONGEST_BUCKET_NAME) {
    throw new Error(
      `the bucket name ${name('<account>')} would have ${length} characters, S3 allows ${LONGEST_BUCKET_NAME}: shorten the name of the environment "${environment.name}"`,
    );
  }
  return name(environment.account ?? Aws.ACCOUNT_ID);
};

/** The bucket of WAL and backups; globally unique by its account id. */
export const backupBucketName = (environment: Environment, region: Region): string => bucketName(environment, region, 'backups');
export const accessLogBucketName = (environment: Environment, region: Region): string => bucketName(environment, region, 'access-logs');

/** The bucket of the public load balancer's access logs. */
export const entranceLogBucketName = (environment: Environment, region: Region): string => bucketName(environment, region, 'entrance-logs');

/** The bucket of CloudFront's access logs. */
export const edgeLogBucketName = (environment: Environment): string => bucketName(environment, { name: EDGE_REGION }, 'edge-logs');

/** The alias of the key that encrypts the region's backups and secrets. */
export const dataKeyAlias = (environment: Environment): string => `alias/holdfast/${environment.name}/data`;

/** The alias of the key that signs. */
export const signingKeyAlias = (environment: Environment): string => `alias/holdfast/${environment.name}/signing`;

/** The alias of the key that signs the evidence of drills. */
export const evidenceKeyAlias = (environment: Environment): string => `alias/holdfast/${environment.name}/evidence`;
/** The bucket of the evidence of drills. */
export const evidenceBucketName = (environment: Environment, region: Region): string => bucketName(environment, region, 'evidence');

/** The alias' ARN in any region, as seen from `scope`'s account and partition. */
export const dataKeyAliasArn = (scope: Stack, environment: Environment, region: Region): string =>
  scope.formatArn({ service: 'kms', region: region.name, resource: dataKeyAlias(environment), arnFormat: ArnFormat.NO_RESOURCE_NAME });

export const clusterName = (environment: Environment): string => `holdfast-${environment.name}`;
