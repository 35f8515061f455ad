/**
 * What a failover may ask of AWS: actions of data planes, which go on working in a region whose control plane does not. Everything that is not here is refused, so that
 * a new right has to be looked up first. Sources: AWS Fault Isolation Boundaries (whitepaper), "Control planes and data planes" and appendices A to C
 * https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/control-planes-and-data-planes.html
 */

export interface DataPlane {
  readonly actions: readonly string[];
  readonly because: string;
  readonly source: string;
}

const WHITEPAPER = 'https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/';

export const DATA_PLANES: readonly DataPlane[] = [
  {
    actions: ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:Query'],
    because: "items are DynamoDB's data plane, in each replica's own region",
    source: 'https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/V2globaltables_HowItWorks.html',
  },
  {
    actions: ['s3:GetObject', 's3:PutObject', 's3:ListBucket'],
    because: "objects are S3's data plane; buckets are the control plane's, in us-east-1",
    source: `${WHITEPAPER}appendix-b---global-service-guidance.html`,
  },
  {
    actions: ['lambda:InvokeFunction'],
    because: 'functions that exist are run by the data plane of their region',
    source: `${WHITEPAPER}control-planes-and-data-planes.html`,
  },
  {
    actions: ['states:StartExecution', 'states:DescribeExecution'],
    because: "executions are Step Functions' data plane; machines are the control plane's",
    source: `${WHITEPAPER}control-planes-and-data-planes.html`,
  },
  {
    actions: ['secretsmanager:GetSecretValue'],
    because: "reading a secret's value, in the region's own copy",
    source: 'https://docs.aws.amazon.com/secretsmanager/latest/userguide/disaster-recovery-resiliency.html',
  },
  {
    actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
    because: "cryptography is KMS' data plane, within the region",
    source: 'https://docs.aws.amazon.com/kms/latest/developerguide/disaster-recovery-resiliency.html',
  },
  { actions: ['sns:Publish'], because: 'publishing, in the region of the function', source: `${WHITEPAPER}control-planes-and-data-planes.html` },
  {
    actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
    because: 'the function logs; Lambda runs it whether that succeeds or not',
    source: `${WHITEPAPER}control-planes-and-data-planes.html`,
  },
  {
    actions: ['route53-recovery-cluster:GetRoutingControlState', 'route53-recovery-cluster:UpdateRoutingControlStates'],
    because: "the states of routing controls are ARC's data plane, at five endpoints",
    source: 'https://docs.aws.amazon.com/r53recovery/latest/dg/data-and-control-planes.html',
  },
  {
    actions: ['xray:PutTraceSegments', 'xray:PutTelemetryRecords', 'xray:GetSamplingRules', 'xray:GetSamplingTargets'],
    because: 'traces are handed over beside the work: nothing waits for them',
    source: 'https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html',
  },
];

/** Rights that a service wants for itself when something is deployed, and that no run depends on. */
export const DEPLOYMENT_RIGHTS: readonly (DataPlane & { readonly deniedToCode: boolean })[] = [
  {
    actions: [
      'ec2:CreateNetworkInterface',
      'ec2:DeleteNetworkInterface',
      'ec2:DescribeNetworkInterfaces',
      'ec2:DescribeSubnets',
      'ec2:AssignPrivateIpAddresses',
      'ec2:UnassignPrivateIpAddresses',
    ],
    because: "Lambda makes a function's network interfaces when it is created or changed; they stay while it is called",
    source: 'https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html',
    deniedToCode: true,
  },
  {
    actions: [
      'logs:CreateLogDelivery',
      'logs:GetLogDelivery',
      'logs:UpdateLogDelivery',
      'logs:DeleteLogDelivery',
      'logs:ListLogDeliveries',
      'logs:PutResourcePolicy',
      'logs:DescribeResourcePolicies',
      'logs:DescribeLogGroups',
    ],
    because: 'Step Functions sets up the delivery of its logs when a machine is deployed',
    source: 'https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html',
    deniedToCode: false,
  },
];

/** Calls in a bundle that the SDK carries for itself, and makes in none of the ways in which it is used here. */
export const CARRIED_BY_THE_SDK: Readonly<Record<string, string>> = {
  'dynamodb:DescribeEndpoints': 'discovery of endpoints, which is off unless it is asked for',
  's3:CreateSession': 'directory buckets only, which have names of their own kind',
};

/** The SDK's clients by the prefix that IAM uses. */
export const IAM_PREFIX: Readonly<Record<string, string>> = { sfn: 'states', 'secrets-manager': 'secretsmanager' };
/** Calls whose right has another name. */
export const IAM_ACTION: Readonly<Record<string, string>> = { 'lambda:Invoke': 'lambda:InvokeFunction' };
