/** Policies of roles, as they stand in a synthesized template. Pure. */

export interface StackTemplate {
  readonly stack: string;
  readonly region: string;
  readonly template: unknown;
}

export interface Statement {
  readonly Sid?: string;
  readonly Effect: string;
  readonly Action?: unknown;
  readonly NotAction?: unknown;
  readonly Resource?: unknown;
  readonly Condition?: unknown;
}

/** What one resource of a template allows some role. */
export interface Policy {
  /** `<stack>/<logical id>`. */
  readonly where: string;
  readonly region: string;
  readonly statements: readonly Statement[];
  /** ARNs of managed policies, as text. */
  readonly managed: readonly string[];
}

type Plain = Readonly<Record<string, unknown>>;
export const isObject = (v: unknown): v is Plain => typeof v === 'object' && v !== null && !Array.isArray(v);
export const listOf = (value: unknown): readonly unknown[] => (value === undefined ? [] : Array.isArray(value) ? value : [value]);

/** `AWS::Partition` and its kin, in a way that the text remains an ARN. */
const pseudo = (name: string, region: string): string => (name === 'AWS::Region' ? region : name === 'AWS::Partition' ? 'aws' : `<${name}>`);

/** An intrinsic function as text; what is known only when it is deployed stands in angle brackets, and lies in the stack's own region. */
export const flatten = (value: unknown, region: string): string => {
  if (typeof value === 'string') return value;
  if (!isObject(value)) return `<${JSON.stringify(value)}>`;
  const { Ref: ref, 'Fn::Join': join, 'Fn::GetStackOutput': output } = value;
  if (typeof ref === 'string') return pseudo(ref, region);
  if (Array.isArray(join) && Array.isArray(join[1])) return join[1].map((part) => flatten(part, region)).join(String(join[0]));
  // Another stack's answer, in the region that is named.
  if (isObject(output)) return `arn:aws:stack-output:${typeof output['Region'] === 'string' ? output['Region'] : region}:${JSON.stringify(output)}`;
  return `<${JSON.stringify(value)}>`;
};

const statementsOf = (document: unknown): readonly Statement[] => (isObject(document) ? (listOf(document['Statement']) as readonly Statement[]) : []);

/** `NotAction` allows what is not known: it is shown as what it is, and allowed by no list. */
const withAction = (statement: Statement): Statement =>
  statement.NotAction === undefined ? statement : { ...statement, Action: [`NotAction ${JSON.stringify(statement.NotAction)}`] };

const policyOf = (where: string, region: string, { Type, Properties }: { readonly Type?: unknown; readonly Properties?: unknown }): readonly Policy[] => {
  if (!isObject(Properties)) return [];
  const statements = statementsOf(Properties['PolicyDocument']).map(withAction);
  if (Type === 'AWS::IAM::Policy' || Type === 'AWS::IAM::ManagedPolicy') return [{ where, region, statements, managed: [] }];
  if (Type !== 'AWS::IAM::Role') return [];
  const inline = listOf(Properties['Policies'])
    .flatMap((p) => (isObject(p) ? statementsOf(p['PolicyDocument']) : []))
    .map(withAction);
  return [{ where, region, statements: inline, managed: listOf(Properties['ManagedPolicyArns']).map((arn) => flatten(arn, region)) }];
};

export const policiesIn = ({ stack, region, template }: StackTemplate): readonly Policy[] => {
  const resources = isObject(template) && isObject(template['Resources']) ? template['Resources'] : {};
  return Object.entries(resources).flatMap(([id, resource]) => (isObject(resource) ? policyOf(`${stack}/${id}`, region, resource) : []));
};
