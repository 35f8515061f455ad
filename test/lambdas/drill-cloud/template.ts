/** The drills' stack as it is synthesized, with its references resolved to names. */
import type { Template } from 'aws-cdk-lib/assertions';
import { resourcesOf } from '../../stacks/environments';
import type { Machine, Plain } from './machine';

const isPlain = (v: unknown): v is Plain => typeof v === 'object' && v !== null && !Array.isArray(v);

/** What CloudFormation makes of a value: names where the template gives them, and logical ids for what has its name only when it is deployed. */
const resolved = (value: unknown, names: ReadonlyMap<string, string>): unknown => {
  if (Array.isArray(value)) return value.map((part) => resolved(part, names));
  if (!isPlain(value)) return value;
  const { Ref: ref, 'Fn::GetAtt': attribute, 'Fn::Join': join, 'Fn::ImportValue': imported } = value;
  if (typeof ref === 'string') return names.get(ref) ?? ref;
  if (Array.isArray(attribute)) return attribute.join('/');
  if (imported !== undefined) return `import:${String(resolved(imported, names))}`;
  if (Array.isArray(join)) {
    const [separator, parts] = join as [string, readonly unknown[]];
    return parts.map((part) => String(resolved(part, names))).join(separator);
  }
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, resolved(inner, names)]));
};

export interface DrillStack {
  /** By what the states call them, and by the functions' ARNs. */
  readonly machines: Readonly<Record<'run' | 'stop', Machine>>;
  readonly stopArn: string;
  /** Handler and variables, by ARN. */
  readonly functions: ReadonlyMap<string, { readonly handler: string; readonly variables: Readonly<Record<string, string>> }>;
  readonly schedules: ReadonlyMap<string, { readonly machine: string; readonly input: string }>;
  readonly runArn: string;
}

export const drillStackOf = (template: Template, environment: string): DrillStack => {
  const names = new Map([...resourcesOf(template, 'AWS::CloudWatch::Alarm')].map(([id, { Properties }]) => [id, String(Properties['AlarmName'])]));
  const found = [...resourcesOf(template, 'AWS::StepFunctions::StateMachine')];
  const machine = (part: string): readonly [string, Machine] => {
    const [id, resource] = found.find(([, { Properties }]) => Properties['StateMachineName'] === `holdfast-${environment}-drill-${part}`) ?? [];
    if (id === undefined || resource === undefined) throw new Error(`no machine ${part}`);
    return [id, JSON.parse(String(resolved(resource.Properties['DefinitionString'], names))) as Machine];
  };
  const [[runArn, run], [stopArn, stop]] = [machine('run'), machine('stop')];
  const functions = new Map(
    [...resourcesOf(template, 'AWS::Lambda::Function')].map(([id, { Properties }]) => {
      const variables = (resolved((Properties['Environment'] as Plain | undefined)?.['Variables'], names) ?? {}) as Readonly<Record<string, string>>;
      return [`${id}/Arn`, { handler: String(Properties['FunctionName']).replace(`holdfast-${environment}-`, ''), variables }];
    }),
  );
  const schedules = new Map(
    [...resourcesOf(template, 'AWS::Scheduler::Schedule').values()].map(({ Properties }) => {
      const { Arn: machineArn, Input: input } = resolved(Properties['Target'], names) as { readonly Arn: string; readonly Input: string };
      return [String(Properties['Name']), { machine: machineArn, input }];
    }),
  );
  return { machines: { run, stop }, runArn, stopArn, functions, schedules };
};
