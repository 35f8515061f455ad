/** What the functions of the failover may do, one statement per purpose: data planes only, by the resource's name in each region (docs/adr/0732). */
import { Arn, ArnFormat, Aws } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type { IConstruct } from 'constructs';
import { doorSecretName, functionName, leaseTableName, stateMachineName, switchBucketName, switchObjectKey } from '../failover/names';
import { homeRegion, postgresSecretName } from '../topology/derive';
import type { Environment, RegionFailover } from '../topology/types';
import { acknowledgeWildcard } from './acknowledge';

export interface RightsProps {
  readonly environment: Environment;
  readonly failover: RegionFailover;
  /** Where the function runs. */
  readonly region: string;
}

const arnIn = (
  environment: Environment,
  region: string,
  service: string,
  resource: string,
  resourceName: string,
  arnFormat = ArnFormat.SLASH_RESOURCE_NAME,
): string => Arn.format({ partition: Aws.PARTITION, account: environment.account ?? Aws.ACCOUNT_ID, service, region, resource, resourceName, arnFormat });

/** Both replicas: whichever answers. Everything is added or changed on conditions; nothing is ever deleted. */
export const leaseRights = ({ environment, failover }: RightsProps): iam.PolicyStatement =>
  new iam.PolicyStatement({
    sid: 'Lease',
    actions: ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:Query'],
    resources: failover.leaseRegions.slice(0, 2).map((region) => arnIn(environment, region, 'dynamodb', 'table', leaseTableName(environment))),
  });

const secretArn = (environment: Environment, region: string, name: string): string =>
  arnIn(environment, region, 'secretsmanager', 'secret', `${name}-??????`, ArnFormat.COLON_RESOURCE_NAME);

const secretRights = (sid: string, { environment, region }: RightsProps, name: string): iam.PolicyStatement =>
  new iam.PolicyStatement({ sid, actions: ['secretsmanager:GetSecretValue'], resources: [secretArn(environment, region, name)] });

/** The certificate for the doors, from the region's own copy. */
export const doorRights = (props: RightsProps): iam.PolicyStatement => secretRights('DoorCertificate', props, doorSecretName(props.environment));
/** The application's login, from the region's own replica, which bears the home's name. */
export const loginRights = (props: RightsProps): iam.PolicyStatement =>
  secretRights('ApplicationLogin', props, postgresSecretName(props.environment, homeRegion(props.environment)));

/** The region's key, through Secrets Manager alone. */
export const decryptRights = (keyArn: string, region: string): iam.PolicyStatement =>
  new iam.PolicyStatement({
    sid: 'DecryptSecrets',
    actions: ['kms:Decrypt'],
    resources: [keyArn],
    conditions: { StringEquals: { 'kms:ViaService': `secretsmanager.${region}.${Aws.URL_SUFFIX}` } },
  });

/** Listing tells an object that is not there from one that may not be seen. */
export const switchRights = ({ environment, failover }: RightsProps): readonly iam.PolicyStatement[] => {
  const buckets = failover.switchRegions.map(
    (region) => `arn:${Aws.PARTITION}:s3:::${switchBucketName(environment, region, environment.account ?? Aws.ACCOUNT_ID)}`,
  );
  return [
    new iam.PolicyStatement({
      sid: 'SwitchObjects',
      actions: ['s3:GetObject', 's3:PutObject'],
      resources: buckets.map((arn) => `${arn}/${switchObjectKey(environment)}`),
    }),
    new iam.PolicyStatement({ sid: 'SwitchBuckets', actions: ['s3:ListBucket'], resources: buckets }),
  ];
};

export const topicRights = (topicArn: string, keyArn: string): readonly iam.PolicyStatement[] => [
  new iam.PolicyStatement({ sid: 'Tell', actions: ['sns:Publish'], resources: [topicArn] }),
  new iam.PolicyStatement({ sid: 'EncryptWhatIsTold', actions: ['kms:GenerateDataKey', 'kms:Decrypt'], resources: [keyArn] }),
];

/** The decider starts a failover in any region that can become the target, and asks what that region sees. */
export const deciderRights = ({ environment }: RightsProps): readonly iam.PolicyStatement[] => {
  const regions = environment.regions.map((region) => region.name);
  const machine = (region: string): string =>
    arnIn(environment, region, 'states', 'stateMachine', stateMachineName(environment, 'failover'), ArnFormat.COLON_RESOURCE_NAME);
  const executions = (region: string): string =>
    arnIn(environment, region, 'states', 'execution', `${stateMachineName(environment, 'failover')}:*`, ArnFormat.COLON_RESOURCE_NAME);
  const look = (region: string): string =>
    arnIn(environment, region, 'lambda', 'function', functionName(environment, 'decider'), ArnFormat.COLON_RESOURCE_NAME);
  return [
    new iam.PolicyStatement({ sid: 'StartFailover', actions: ['states:StartExecution'], resources: regions.map(machine) }),
    new iam.PolicyStatement({ sid: 'LookAtRuns', actions: ['states:DescribeExecution'], resources: regions.map(executions) }),
    new iam.PolicyStatement({ sid: 'AskTargets', actions: ['lambda:InvokeFunction'], resources: regions.map(look) }),
  ];
};

/** @param construct the role */
export const acknowledgeSecret = (construct: IConstruct, { environment, region }: RightsProps, name: string): void =>
  acknowledgeWildcard(construct, secretArn(environment, region, name), 'Secrets Manager appends six random characters to the name of a secret.');
