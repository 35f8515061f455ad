/** Reads synthesized templates: what a resource is called and has, with its intrinsic functions resolved as CloudFormation would. Pure. */
import { AWS_ACCOUNT } from './settings';

type Json = Readonly<Record<string, unknown>>;
export const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);

export interface Stack {
  readonly name: string;
  readonly region: string;
  readonly template: unknown;
}

export interface Resource {
  readonly stack: Stack;
  readonly logicalId: string;
  readonly type: string;
  /** Not resolved: what nobody asks for may use functions that the lab does not know. */
  readonly properties: Json;
}

export const resourcesOf = (stack: Stack): readonly Resource[] => {
  const resources = isObject(stack.template) ? stack.template['Resources'] : undefined;
  if (!isObject(resources)) return [];
  return Object.entries(resources).flatMap(([logicalId, resource]) =>
    isObject(resource) && typeof resource['Type'] === 'string'
      ? [{ stack, logicalId, type: resource['Type'], properties: isObject(resource['Properties']) ? resource['Properties'] : {} }]
      : [],
  );
};

/** Which property a resource of a type is named by. */
const NAMED_BY: Readonly<Record<string, string>> = {
  'AWS::Lambda::Function': 'FunctionName',
  'AWS::StepFunctions::StateMachine': 'StateMachineName',
  'AWS::DynamoDB::GlobalTable': 'TableName',
  'AWS::DynamoDB::Table': 'TableName',
  'AWS::S3::Bucket': 'BucketName',
  'AWS::SNS::Topic': 'TopicName',
  'AWS::SecretsManager::Secret': 'Name',
  'AWS::Scheduler::Schedule': 'Name',
};

/** Which types' `Ref` is an ARN, and how ARNs look: `service:resource prefix`, with account and region. */
const ARNS: Readonly<Record<string, (region: string, name: string) => string>> = {
  'AWS::Lambda::Function': (region, name) => `arn:aws:lambda:${region}:${AWS_ACCOUNT}:function:${name}`,
  'AWS::StepFunctions::StateMachine': (region, name) => `arn:aws:states:${region}:${AWS_ACCOUNT}:stateMachine:${name}`,
  'AWS::DynamoDB::GlobalTable': (region, name) => `arn:aws:dynamodb:${region}:${AWS_ACCOUNT}:table/${name}`,
  'AWS::DynamoDB::Table': (region, name) => `arn:aws:dynamodb:${region}:${AWS_ACCOUNT}:table/${name}`,
  'AWS::S3::Bucket': (_, name) => `arn:aws:s3:::${name}`,
  'AWS::SNS::Topic': (region, name) => `arn:aws:sns:${region}:${AWS_ACCOUNT}:${name}`,
  'AWS::SecretsManager::Secret': (region, name) => `arn:aws:secretsmanager:${region}:${AWS_ACCOUNT}:secret:${name}`,
  'AWS::IAM::Role': (_, name) => `arn:aws:iam::${AWS_ACCOUNT}:role/${name}`,
  'AWS::Logs::LogGroup': (region, name) => `arn:aws:logs:${region}:${AWS_ACCOUNT}:log-group:${name}:*`,
  'AWS::KMS::Key': (region, name) => `arn:aws:kms:${region}:${AWS_ACCOUNT}:key/${name}`,
  'AWS::SQS::Queue': (region, name) => `arn:aws:sqs:${region}:${AWS_ACCOUNT}:${name}`,
};
const REF_IS_ARN: readonly string[] = ['AWS::StepFunctions::StateMachine', 'AWS::SNS::Topic', 'AWS::SecretsManager::Secret'];

/** Templates of one app, read together: names may come from another stack's exports. */
export class Templates {
  private readonly byId = new Map<string, Resource>();

  constructor(private readonly stacks: readonly Stack[]) {
    for (const resource of this.resources()) this.byId.set(`${resource.stack.name}/${resource.logicalId}`, resource);
  }

  resources(type?: string): readonly Resource[] {
    return this.stacks.flatMap(resourcesOf).filter((resource) => type === undefined || resource.type === type);
  }

  /** The resource's own name, as given, or as CloudFormation would make one up: from stack and logical id. */
  nameOf(resource: Resource): string {
    const property = NAMED_BY[resource.type];
    const given = property === undefined ? undefined : resource.properties[property];
    return given === undefined ? `${resource.stack.name}-${resource.logicalId}` : String(this.value(resource.stack, given));
  }

  arnOf(resource: Resource): string {
    const arn = ARNS[resource.type];
    if (arn === undefined) throw new Error(`${resource.stack.name}/${resource.logicalId}: the lab knows no ARN of a ${resource.type}`);
    return arn(resource.stack.region, this.nameOf(resource));
  }

  property(resource: Resource, name: string): unknown {
    return this.value(resource.stack, resource.properties[name]);
  }

  /** @throws Error for an intrinsic function, or an attribute, that the lab does not know: nothing is guessed */
  value(stack: Stack, value: unknown): unknown {
    if (Array.isArray(value)) return value.map((entry) => this.value(stack, entry));
    if (!isObject(value)) return value;
    const [[key, argument] = ['', undefined], ...more] = Object.entries(value);
    if (more.length === 0 && (key === 'Ref' || key.startsWith('Fn::'))) return this.intrinsic(stack, key, argument);
    return Object.fromEntries(
      Object.entries(value)
        .map(([name, entry]) => [name, this.value(stack, entry)] as const)
        .filter(([, entry]) => entry !== undefined),
    );
  }

  private intrinsic(stack: Stack, name: string, argument: unknown): unknown {
    switch (name) {
      case 'Ref':
        return this.ref(stack, String(argument));
      case 'Fn::GetAtt':
        return this.attribute(stack, argument);
      case 'Fn::Join':
        return this.join(stack, argument);
      case 'Fn::Sub':
        return this.sub(stack, argument);
      case 'Fn::Select': {
        const [index, list] = this.value(stack, argument) as [string | number, readonly unknown[]];
        return list[Number(index)];
      }
      case 'Fn::Split': {
        const [separator, text] = this.value(stack, argument) as [string, string];
        return text.split(separator);
      }
      case 'Fn::ImportValue':
        return this.imported(String(this.value(stack, argument)));
      default:
        throw new Error(`${stack.name}: the lab does not know ${name}; given ${JSON.stringify(argument)}`);
    }
  }

  private ref(stack: Stack, id: string): unknown {
    const pseudo: Readonly<Record<string, unknown>> = {
      'AWS::Region': stack.region,
      'AWS::AccountId': AWS_ACCOUNT,
      'AWS::Partition': 'aws',
      'AWS::URLSuffix': 'amazonaws.com',
      'AWS::StackName': stack.name,
      'AWS::NoValue': undefined,
    };
    if (id in pseudo) return pseudo[id];
    const resource = this.byId.get(`${stack.name}/${id}`);
    if (resource !== undefined) return REF_IS_ARN.includes(resource.type) ? this.arnOf(resource) : this.nameOf(resource);
    const parameters = isObject(stack.template) ? stack.template['Parameters'] : undefined;
    const parameter = isObject(parameters) ? parameters[id] : undefined;
    if (isObject(parameter) && 'Default' in parameter) return parameter['Default'];
    throw new Error(`${stack.name}: Ref to "${id}", which is no resource and no parameter with a default`);
  }

  private attribute(stack: Stack, argument: unknown): unknown {
    const [id = '', name = ''] = typeof argument === 'string' ? argument.split(/\.(.*)/s) : (argument as readonly string[]);
    const resource = this.byId.get(`${stack.name}/${id}`);
    if (resource === undefined) throw new Error(`${stack.name}: GetAtt of "${id}", which is no resource`);
    if (name === 'Arn' || name === 'TopicArn') return this.arnOf(resource);
    if (name === 'Name' || name === 'HealthCheckId' || name === 'Id') return this.nameOf(resource);
    if (name === 'RegionalDomainName') return `${this.nameOf(resource)}.s3.${stack.region}.amazonaws.com`;
    throw new Error(`${stack.name}: the lab does not know the attribute ${name} of ${id} (${resource.type})`);
  }

  private join(stack: Stack, argument: unknown): string {
    const [separator, parts] = argument as readonly [string, unknown];
    const list = this.value(stack, parts);
    if (!Array.isArray(list)) throw new Error(`${stack.name}: Fn::Join of ${JSON.stringify(parts)}, which is no list`);
    return list.map(String).join(separator);
  }

  private sub(stack: Stack, argument: unknown): string {
    const [text, given] = (Array.isArray(argument) ? argument : [argument, {}]) as [string, Json];
    return text.replace(/\$\{(?<literal>!?)(?<name>[^}]+)\}/g, (_, literal: string, name: string) => {
      if (literal === '!') return `\${${name}}`;
      if (name in given) return String(this.value(stack, given[name]));
      return String(name.includes('.') ? this.attribute(stack, name) : this.ref(stack, name));
    });
  }

  private imported(name: string): unknown {
    for (const stack of this.stacks) {
      const outputs = isObject(stack.template) ? stack.template['Outputs'] : undefined;
      for (const output of isObject(outputs) ? Object.values(outputs) : [])
        if (isObject(output) && isObject(output['Export']) && this.value(stack, output['Export']['Name']) === name) return this.value(stack, output['Value']);
    }
    throw new Error(`no stack exports "${name}"`);
  }
}

/** A state machine's definition: text with `${name}` in it, or text by intrinsic functions. */
export const definitionOf = (templates: Templates, machine: Resource): string => {
  const text = templates.property(machine, 'DefinitionString');
  if (typeof text !== 'string') throw new Error(`${machine.logicalId}: no DefinitionString`);
  const substitutions = templates.property(machine, 'DefinitionSubstitutions');
  if (!isObject(substitutions)) return text;
  return text.replace(/\$\{(?<name>[A-Za-z0-9_]+)\}/g, (given, name: string) => (name in substitutions ? String(substitutions[name]) : given));
};
