import { CfnOutput, Duration, RemovalPolicy } from 'aws-cdk-lib';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import * as sns from 'aws-cdk-lib/aws-sns';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import type { Construct } from 'constructs';
import { acknowledge, acknowledgeWildcard } from '../constructs/acknowledge';
import { DrillAlarms } from '../constructs/drill-alarms';
import { DrillExperiments } from '../constructs/drill-experiments';
import { letInject, rightsOfRun } from '../constructs/drill-rights';
import { DrillFunction } from '../constructs/drill-function';
import { allowDeadMan, DeadMan, DrillSchedules, scheduleGroupName } from '../constructs/drill-schedules';
import { stopWorkflow } from '../constructs/drill-stop-workflow';
import { drillWorkflow, type Machine } from '../constructs/drill-workflow';
import { EvidenceBucket } from '../constructs/evidence-bucket';
import { clusterName, evidenceKeyAlias } from '../constructs/names';
import { RegionalStack, type RegionalStackProps } from '../constructs/regional-stack';
import { SigningKey } from '../constructs/signing-key';
import { doorSecretName, leaseTableName } from '../failover/names';
import { drillMachineName, drillSettings, drillTableName, METER_SECONDS } from '../operations/drills/settings';
import { postgresSecretName } from '../topology/derive';
import type { DataProtection } from './data-protection';
import type { Network } from './network';

export interface DrillsProps extends RegionalStackProps {
  readonly network: Network;
  readonly dataProtection: DataProtection;
  /** The folder with the functions' bundles. */
  readonly lambdasDirectory: string;
}

/** Scheduled drills, in the home region, where the faults and the alarms are: who starts them, what stops them, and what they have proved. */
export class Drills extends RegionalStack {
  private readonly props: DrillsProps;
  private readonly table: dynamodb.TableV2;
  private readonly topic: sns.Topic;
  private readonly bucket: s3.IBucket;
  private readonly signing: SigningKey;
  private readonly settings: string;

  constructor(scope: Construct, props: DrillsProps) {
    super(scope, 'drills', 'scheduled drills: schedules, guards, faults, evidence', props);
    this.props = props;
    const { environment, region, network, dataProtection } = props;
    this.settings = JSON.stringify(drillSettings(environment));
    this.table = this.keepJournal();
    this.topic = this.tellPeople();
    this.bucket = new EvidenceBucket(this, 'Evidence', { environment, region, encryptionKey: dataProtection.key }).bucket;
    this.signing = new SigningKey(this, 'EvidenceKey', { environment, region, alias: evidenceKeyAlias(environment) });
    const alarms = new DrillAlarms(this, 'Alarms', { environment, topic: this.topic });
    const stopAlarms = [alarms.writes.alarmArn, ...environment.drillPolicy.stopAlarms.map((name) => this.alarmArn(name))];
    const experiments = new DrillExperiments(this, 'Experiments', { environment, vpc: network.vpc, stopAlarms });
    const register = this.defineRegister();
    const stop = this.defineStop(experiments);
    const group = new scheduler.CfnScheduleGroup(this, 'Group', { name: scheduleGroupName(environment) });
    const run = this.defineRun(experiments, register, stop, [alarms.writes.alarmName, ...environment.drillPolicy.stopAlarms]);
    new DrillSchedules(this, 'Schedules', { environment, run, register, group });
    new CfnOutput(this, 'EvidenceBucketName', { value: this.bucket.bucketName });
  }

  private alarmArn(name: string): string {
    return this.formatArn({ service: 'cloudwatch', resource: `alarm:${name}` });
  }

  private keepJournal(): dynamodb.TableV2 {
    const { environment, dataProtection } = this.props;
    return new dynamodb.TableV2(this, 'Journal', {
      tableName: drillTableName(environment),
      partitionKey: { name: 'id', type: dynamodb.AttributeType.STRING },
      billing: dynamodb.Billing.onDemand(),
      encryption: dynamodb.TableEncryptionV2.customerManagedKey(dataProtection.key),
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      deletionProtection: environment.retainData,
      removalPolicy: environment.retainData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
  }

  private tellPeople(): sns.Topic {
    const topic = new sns.Topic(this, 'People', { displayName: `Drills of ${this.environmentModel.name}`, enforceSSL: true });
    topic.addToResourcePolicy(
      new iam.PolicyStatement({
        principals: [new iam.ServicePrincipal('cloudwatch.amazonaws.com')],
        actions: ['sns:Publish'],
        resources: [topic.topicArn],
        conditions: { StringEquals: { 'aws:SourceAccount': this.account } },
      }),
    );
    return topic;
  }

  private allow(actions: readonly string[], ...resources: readonly string[]): iam.PolicyStatement {
    return new iam.PolicyStatement({ actions: [...actions], resources: [...resources] });
  }

  private readonly onTable = (...actions: readonly string[]): readonly iam.PolicyStatement[] => [
    this.allow(actions, this.table.tableArn),
    this.allow(['kms:Decrypt'], this.props.dataProtection.key.keyArn),
  ];

  private define(
    handler: string,
    more: { variables?: Record<string, string>; statements: readonly iam.PolicyStatement[]; timeout?: Duration; inside?: ec2.ISecurityGroup },
  ): DrillFunction {
    const { environment, lambdasDirectory, network } = this.props;
    return new DrillFunction(this, handler, {
      environment,
      handler,
      lambdasDirectory,
      timeout: more.timeout ?? Duration.seconds(30),
      variables: { HOLDFAST_DRILLS: this.settings, ...more.variables },
      statements: more.statements,
      ...(more.inside === undefined ? {} : { network: { vpc: network.vpc, securityGroup: more.inside } }),
    });
  }

  /** Evidence is read and written object by object, never deleted. */
  private evidence(handler: string, actions: readonly string[], keyActions: readonly string[]): DrillFunction {
    const objects = this.bucket.arnForObjects(`${this.environmentModel.name}/*`);
    const made = this.define(handler, {
      timeout: Duration.seconds(60),
      variables: { HOLDFAST_EVIDENCE_BUCKET: this.bucket.bucketName, HOLDFAST_EVIDENCE_KEY: this.signing.key.keyArn },
      statements: [
        this.allow(actions, objects),
        this.allow(['kms:Decrypt', 'kms:GenerateDataKey'], this.props.dataProtection.key.keyArn),
        ...(keyActions.length === 0 ? [] : [this.allow(keyActions, this.signing.key.keyArn)]),
        ...(handler === 'drill-register' ? [this.allow(['s3:ListBucket'], this.bucket.bucketArn)] : []),
      ],
    });
    acknowledgeWildcard(made.node.findChild('Role'), objects, "The evidence of this environment's drills, whatever their names.");
    return made;
  }

  private defineRegister(): lambda.IFunction {
    return this.evidence('drill-register', ['s3:GetObject'], ['kms:GetPublicKey']).function;
  }

  private defineGuard(): DrillFunction {
    const { failover } = this.environmentModel;
    const replicas = failover?.leaseRegions.slice(0, 2) ?? [];
    const leases = replicas.map((region) =>
      this.formatArn({ service: 'dynamodb', region, resource: 'table', resourceName: leaseTableName(this.environmentModel) }),
    );
    const variables = { HOLDFAST_LEASE_TABLE: leaseTableName(this.environmentModel), HOLDFAST_LEASE_REGIONS: replicas.join(',') };
    return this.define('drill-guard', {
      variables: { HOLDFAST_DRILL_TABLE: this.table.tableName, ...(replicas.length === 0 ? {} : variables) },
      statements: [...this.onTable('dynamodb:GetItem'), ...(leases.length === 0 ? [] : [this.allow(['dynamodb:GetItem'], ...leases)])],
    });
  }

  /** Those that talk to the doors and poolers are inside of the network; the others are not. */
  private defineInside(experiments: DrillExperiments): { readonly start: DrillFunction; readonly meter: DrillFunction } {
    const { environment, region, network } = this.props;
    const securityGroup = new ec2.SecurityGroup(this, 'Inside', {
      vpc: network.vpc,
      description: 'Functions of drills: to doors, poolers and AWS',
      allowAllOutbound: false,
    });
    const settings = drillSettings(environment);
    for (const [port, what] of [
      [settings.doorPort, 'doors'],
      [settings.poolerPort, 'poolers'],
      [443, 'AWS'],
    ] as const)
      securityGroup.addEgressRule(port === 443 ? ec2.Peer.anyIpv4() : ec2.Peer.ipv4(region.network.vpcCidr), ec2.Port.tcp(port), what);
    const door = `arn:${this.partition}:secretsmanager:${region.name}:${this.account}:secret:${doorSecretName(environment)}-??????`;
    const login = `arn:${this.partition}:secretsmanager:${region.name}:${this.account}:secret:${postgresSecretName(environment, region)}-??????`;
    const read = (...names: readonly string[]): readonly iam.PolicyStatement[] => [
      this.allow(['secretsmanager:GetSecretValue'], ...names),
      this.allow(['kms:Decrypt'], this.props.dataProtection.key.keyArn),
    ];
    const templates = {
      node: experiments.nodeLoss.attrId,
      zone: Object.fromEntries([...experiments.zones].map(([zone, template]) => [zone, template.attrId])),
    };
    const variables = { HOLDFAST_DOOR_SECRET: doorSecretName(environment) };
    const start = this.define('drill-start', {
      inside: securityGroup,
      variables: { ...variables, HOLDFAST_DRILL_TABLE: this.table.tableName, HOLDFAST_FIS_TEMPLATES: this.toJsonString(templates) },
      statements: [...read(door), ...this.onTable('dynamodb:PutItem')],
    });
    const meter = this.define('drill-meter', {
      inside: securityGroup,
      timeout: Duration.seconds(METER_SECONDS + 180),
      variables: { ...variables, HOLDFAST_DATABASE_SECRET: postgresSecretName(environment, region) },
      statements: read(door, login),
    });
    for (const [made, names] of [
      [start, [door]],
      [meter, [door, login]],
    ] as const)
      for (const name of names)
        acknowledgeWildcard(made.node.findChild('Role'), name, 'Secrets Manager adds six characters of its own to the name of this one secret.');
    return { start, meter };
  }

  private machine(
    id: string,
    part: 'run' | 'stop',
    definition: Machine,
    statements: readonly iam.PolicyStatement[],
  ): { readonly machine: sfn.StateMachine; readonly role: iam.Role } {
    const { environment } = this.props;
    const logGroup = new LogGroup(this, `${id}Log`, {
      logGroupName: `/aws/vendedlogs/states/${drillMachineName(environment, part)}`,
      removalPolicy: environment.retainData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
    const role = new iam.Role(this, `${id}Role`, { assumedBy: new iam.ServicePrincipal('states.amazonaws.com'), description: definition.Comment });
    statements.forEach((statement) => role.addToPolicy(statement));
    const machine = new sfn.StateMachine(this, id, {
      stateMachineName: drillMachineName(environment, part),
      definitionBody: sfn.DefinitionBody.fromString(this.toJsonString(definition)),
      role,
      tracingEnabled: true,
      logs: { destination: logGroup, level: sfn.LogLevel.ALL, includeExecutionData: true },
    });
    acknowledge(role, 'AwsSolutions-IAM5[Resource::*]', 'Delivery of logs, traces and calls that only look know no resources.');
    return { machine, role };
  }

  private defineStop(experiments: DrillExperiments): sfn.StateMachine {
    const templates = [experiments.nodeLoss, ...experiments.zones.values()].map(({ attrId }) => attrId);
    const all = this.formatArn({ service: 'fis', resource: 'experiment', resourceName: '*' });
    const { machine, role } = this.machine('Stop', 'stop', stopWorkflow(this.environmentModel.name, templates, this.topic.topicArn), [
      this.allow(['fis:ListExperiments'], '*'),
      this.allow(['fis:StopExperiment'], all),
      this.allow(['sns:Publish'], this.topic.topicArn),
    ]);
    acknowledgeWildcard(role, all, 'An experiment has no name before it runs; only those of the templates listed in the machine are stopped.');
    return machine;
  }

  private defineRun(experiments: DrillExperiments, register: lambda.IFunction, stop: sfn.StateMachine, alarms: readonly string[]): sfn.StateMachine {
    const { environment } = this.props;
    const { start, meter } = this.defineInside(experiments);
    const functions = {
      register,
      guard: this.defineGuard().function,
      start: start.function,
      meter: meter.function,
      record: this.evidence('drill-record', ['s3:PutObject', 's3:PutObjectRetention'], ['kms:GetPublicKey', 'kms:Sign']).function,
      page: this.evidence('drill-page', ['s3:GetObject', 's3:PutObject'], []).function,
    };
    const deadMan = new DeadMan(this, 'DeadMan', { environment, stop }).role;
    const arns = Object.fromEntries(Object.entries(functions).map(([name, { functionArn }]) => [name, functionArn])) as Record<keyof typeof functions, string>;
    const parts = {
      environment: environment.name,
      functions: arns,
      topic: this.topic.topicArn,
      table: this.table.tableName,
      alarms,
      cluster: clusterName(environment),
      stopMachine: stop.stateMachineArn,
      schedulerRole: deadMan.roleArn,
      longest: environment.drillPolicy.longest,
    };
    const { machine, role } = this.machine('Run', 'run', drillWorkflow(parts), [
      ...this.onTable('dynamodb:DeleteItem'),
      ...rightsOfRun(Object.values(arns), this.topic.topicArn, stop.stateMachineArn),
    ]);
    const schedules = this.formatArn({ service: 'scheduler', resource: 'schedule', resourceName: `${scheduleGroupName(environment)}/*` });
    allowDeadMan(role, deadMan, schedules);
    letInject(role, experiments, environment);
    return machine;
  }
}
