import { Stack, Validations } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/**
 * Accepts one cdk-nag finding on one construct, with the reason. One by one: never for a stack or the app, so that a new resource with the same fault is found.
 * @param finding the rule, with the finding in brackets where the rule reports several: `AwsSolutions-IAM5[Resource::*]`
 */
export const acknowledge = (construct: IConstruct, finding: string, reason: string): void => {
  Validations.of(construct).acknowledge({ id: finding, reason });
};

/** Accepts a wildcard in a resource that an IAM policy names; `resource` as it is written in the policy, tokens included. */
export const acknowledgeWildcard = (construct: IConstruct, resource: string, reason: string): void => {
  acknowledge(construct, `AwsSolutions-IAM5[Resource::${flatten(Stack.of(construct).resolve(resource))}]`, reason);
};

/** Accepts that a role has an AWS managed policy. */
export const acknowledgeManagedPolicy = (construct: IConstruct, policy: string, reason: string): void => {
  acknowledge(construct, `AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/${policy}]`, reason);
};

/** How cdk-nag writes a value that CloudFormation puts together: references in angle brackets. */
const flatten = (value: unknown): string => {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null) throw new Error(`cannot write ${JSON.stringify(value)} as cdk-nag does`);
  const [[name, argument] = ['', undefined]] = Object.entries(value);
  if (name === 'Ref' && typeof argument === 'string') return `<${argument}>`;
  if (name === 'Fn::GetAtt' && Array.isArray(argument)) return `<${argument.join('.')}>`;
  if (name === 'Fn::Join' && Array.isArray(argument) && Array.isArray(argument[1])) return argument[1].map(flatten).join(String(argument[0]));
  throw new Error(`cannot write ${JSON.stringify(value)} as cdk-nag does`);
};
