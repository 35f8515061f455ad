import { RemovalPolicy } from 'aws-cdk-lib';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as iam from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { EnvironmentStack } from '../constructs/environment-stack';
import { ASKED_ID, approvalsId } from '../failover/approval-token';
import { approverPolicyName, leaseTableName } from '../failover/names';
import { LEASE_KEY, PARTITION_KEY, SORT_KEY } from '../failover/lease-item';
import type { Environment, RegionFailover } from '../topology/types';

export interface LeaseProps {
  readonly environment: Environment;
  readonly failover: RegionFailover;
}

/**
 * Who may write: one table in three regions without workloads, two of which have the data and the third the deciding vote. Strongly consistent between them: what one
 * of them has confirmed, the other knows, and when any one of the three is lost the other two go on.
 */
export class Lease extends EnvironmentStack {
  readonly table: dynamodb.ITableV2;

  constructor(scope: Construct, { environment, failover }: LeaseProps) {
    super(scope, 'lease', 'the right to write, approvals and the audit of failovers', { environment, regionName: leaseHome(failover) });
    this.table = this.defineTable(environment, failover);
    this.letPeopleApprove(environment);
  }

  private defineTable(environment: Environment, { leaseRegions }: RegionFailover): dynamodb.ITableV2 {
    const [, replica, witness] = leaseRegions;
    if (replica === undefined || witness === undefined) throw new Error(`failover.leaseRegions of "${environment.name}" are not three`);
    const table = new dynamodb.TableV2(this, 'Table', {
      tableName: leaseTableName(environment),
      partitionKey: { name: PARTITION_KEY, type: dynamodb.AttributeType.STRING },
      sortKey: { name: SORT_KEY, type: dynamodb.AttributeType.STRING },
      replicas: [{ region: replica }],
      witnessRegion: witness,
      multiRegionConsistency: dynamodb.MultiRegionConsistency.STRONG,
      billing: dynamodb.Billing.onDemand(),
      // DynamoDB's own key: with one of ours KMS would be one more service that a failover waits for, to hide names of regions and numbers.
      encryption: dynamodb.TableEncryptionV2.dynamoOwnedKey(),
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      deletionProtection: environment.retainData,
      removalPolicy: environment.retainData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
    return table as dynamodb.ITableV2;
  }

  /** To be given to people: it lets them read what is asked, and write approvals, which count only if STS says that they were signed by whoever they are from. */
  private letPeopleApprove(environment: Environment): void {
    new iam.ManagedPolicy(this, 'Approver', {
      managedPolicyName: approverPolicyName(environment),
      description: `May agree to a failover of ${environment.name}`,
      statements: [
        new iam.PolicyStatement({
          actions: ['dynamodb:Query', 'dynamodb:GetItem'],
          resources: [this.table.tableArn],
          conditions: { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': [ASKED_ID, approvalsId('*'), LEASE_KEY[PARTITION_KEY].S] } },
        }),
        new iam.PolicyStatement({
          actions: ['dynamodb:PutItem'],
          resources: [this.table.tableArn],
          conditions: { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': [approvalsId('*')] } },
        }),
      ],
    });
  }
}

/** Where the stack lies; the witness region of the failover has a replica of its own. */
const leaseHome = ({ leaseRegions }: RegionFailover): string => {
  const [first] = leaseRegions;
  if (first === undefined) throw new Error('failover.leaseRegions is empty');
  return first;
};
