/** People of a lab: users of the emulated account, each with an access key of his own. What they sign is checked (signatures.ts). */
import { callEmulator, EmulatorError } from './emulator-client';
import { AWS_ACCOUNT } from './settings';

export interface Person {
  readonly name: string;
  readonly arn: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

const iam = (port: number, action: string, parameters: Readonly<Record<string, string>>): Promise<string> =>
  callEmulator(port, {
    region: 'us-east-1',
    service: 'iam',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ Action: action, Version: '2010-05-08', ...parameters }).toString(),
  });

const field = (xml: string, name: string): string => {
  const found = new RegExp(`<${name}>([^<]+)</${name}>`).exec(xml)?.[1];
  if (found === undefined) throw new Error(`IAM's answer has no ${name}: ${xml.slice(0, 200)}`);
  return found;
};

const NAME = /^[a-z][a-z0-9-]{0,31}$/;

/** With a new key each time: the emulator keeps no secret that could be asked for. @throws Error for a name that is none */
export const createPerson = async (port: number, name: string): Promise<Person> => {
  if (!NAME.test(name)) throw new Error(`person: given ${JSON.stringify(name)}; allowed: ${NAME.source}`);
  try {
    await iam(port, 'CreateUser', { UserName: name });
  } catch (error) {
    if (!(error instanceof EmulatorError && error.body.includes('EntityAlreadyExists'))) throw error;
  }
  const key = await iam(port, 'CreateAccessKey', { UserName: name });
  return {
    name,
    arn: `arn:aws:iam::${AWS_ACCOUNT}:user/${name}`,
    accessKeyId: field(key, 'AccessKeyId'),
    secretAccessKey: field(key, 'SecretAccessKey'),
  };
};
