/** References of a CloudFormation template, resolved to logical names: what the records of several stacks say can then be read side by side. */

type Plain = Readonly<Record<string, unknown>>;
export const isPlain = (value: unknown): value is Plain => typeof value === 'object' && value !== null && !Array.isArray(value);

/** One synthesized template. */
export interface StackTemplate {
  /** The stack's name in its environment, for example `eu-central-1-entrance`. */
  readonly stack: string;
  readonly region: string;
  readonly template: unknown;
}

/** How a reference to the account reads where the account is not known before the deployment. */
export const UNKNOWN_ACCOUNT = '${AWS::AccountId}';

/** What cannot be read, with where it is. */
export class UnreadableTemplate extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UnreadableTemplate';
  }
}

/**
 * A value as a string: literals, `Ref`, `Fn::GetAtt`, `Fn::Join` and `Fn::Sub`. A resource reads `<stack>/<logical id>`, its attribute `<stack>/<logical id>.<attribute>`;
 * pseudo parameters read as what they are in the stack's region.
 * @throws UnreadableTemplate for every other function
 */
export const resolveText = (value: unknown, { stack, region }: StackTemplate): string => {
  const reference = (name: string): string => {
    if (name === 'AWS::Region') return region;
    if (name === 'AWS::AccountId') return UNKNOWN_ACCOUNT;
    if (name === 'AWS::URLSuffix') return region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
    return name.startsWith('AWS::') ? `\${${name}}` : `${stack}/${name}`;
  };
  const attribute = (id: unknown, name: unknown): string => `${stack}/${String(id)}.${String(name)}`;
  const resolve = (part: unknown): string => {
    if (typeof part === 'string') return part;
    if (typeof part === 'number' || typeof part === 'boolean') return String(part);
    const [[name, argument] = ['', undefined]] = isPlain(part) ? Object.entries(part) : [];
    if (name === 'Ref' && typeof argument === 'string') return reference(argument);
    if (name === 'Fn::GetAtt' && Array.isArray(argument)) return attribute(argument[0], argument[1]);
    if (name === 'Fn::GetAtt' && typeof argument === 'string') return attribute(...(argument.split('.', 2) as [string, string]));
    if (name === 'Fn::Join' && Array.isArray(argument) && Array.isArray(argument[1])) return argument[1].map(resolve).join(String(argument[0]));
    if (name === 'Fn::Sub' && typeof argument === 'string') {
      return argument.replace(/\$\{([^}]+)\}/g, (_, inner: string) =>
        inner.includes('.') ? attribute(...(inner.split('.', 2) as [string, string])) : reference(inner),
      );
    }
    throw new UnreadableTemplate(`${stack}: cannot read ${JSON.stringify(part)}`);
  };
  return resolve(value);
};
