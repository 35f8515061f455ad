import { Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import { DRILL_TAG } from '../operations/drills/settings';
import type { Environment } from '../topology/types';
import { acknowledgeWildcard } from './acknowledge';
import type { DrillExperiments } from './drill-experiments';
import { clusterName } from './names';

/** Begins experiments from the environment's templates, and marks the one instance that may be terminated. */
export const letInject = (role: iam.Role, experiments: DrillExperiments, environment: Environment): void => {
  const stack = Stack.of(role);
  const running = stack.formatArn({ service: 'fis', resource: 'experiment', resourceName: '*' });
  const templates = [experiments.nodeLoss, ...experiments.zones.values()].map(({ attrId }) =>
    stack.formatArn({ service: 'fis', resource: 'experiment-template', resourceName: attrId }),
  );
  role.addToPolicy(new iam.PolicyStatement({ actions: ['fis:StartExperiment', 'fis:GetExperiment'], resources: [running, ...templates] }));
  acknowledgeWildcard(role, running, 'An experiment has no name before it runs; it can be begun from the named templates only.');
  const instances = stack.formatArn({ service: 'ec2', resource: 'instance', resourceName: '*' });
  const conditions = {
    StringEquals: { 'aws:ResourceTag/eks:cluster-name': clusterName(environment), [`aws:RequestTag/${DRILL_TAG}`]: environment.name },
    'ForAllValues:StringEquals': { 'aws:TagKeys': [DRILL_TAG] },
  };
  role.addToPolicy(new iam.PolicyStatement({ actions: ['ec2:CreateTags'], resources: [instances], conditions }));
  acknowledgeWildcard(role, instances, 'Only this one tag, on instances of this cluster: the condition says so.');
};

/** What the machine that carries a drill out calls itself. */
export const rightsOfRun = (functions: readonly string[], topic: string, stopMachine: string): readonly iam.PolicyStatement[] => {
  const allow = (actions: string[], ...resources: string[]): iam.PolicyStatement => new iam.PolicyStatement({ actions, resources });
  return [
    allow(['lambda:InvokeFunction'], ...functions),
    allow(['cloudwatch:DescribeAlarms', 'ec2:DescribeVolumes'], '*'),
    allow(['sns:Publish'], topic),
    allow(['states:StartExecution'], stopMachine),
  ];
};
