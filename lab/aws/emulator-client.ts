/** Calls the emulator itself, without the front proxy and its faults: for provisioning and for looking. */
import { request } from 'node:http';
import { buffer } from 'node:stream/consumers';

export class EmulatorError extends Error {
  constructor(
    what: string,
    readonly status: number,
    readonly body: string,
  ) {
    super(`${what}: ${status} ${body.slice(0, 500)}`);
    this.name = 'EmulatorError';
  }
}

export interface EmulatorCall {
  readonly region: string;
  /** As in a credential scope. */
  readonly service: string;
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Signatures are not checked: only the scope is read. */
const authorization = ({ region, service }: EmulatorCall): string =>
  `AWS4-HMAC-SHA256 Credential=lab/20260101/${region}/${service}/aws4_request, SignedHeaders=host, Signature=0`;

/** @returns the body of a 2xx answer. @throws EmulatorError for any other */
export const callEmulator = (port: number, call: EmulatorCall): Promise<string> =>
  new Promise((resolve, reject) => {
    const { method = 'POST', path = '/', headers = {}, body = '' } = call;
    const all = { ...headers, authorization: authorization(call), 'content-length': Buffer.byteLength(body) };
    const outgoing = request({ host: '127.0.0.1', port, method, path, headers: all, timeout: 20_000 }, (answer) => {
      buffer(answer).then((text) => {
        const { statusCode = 0 } = answer;
        if (statusCode >= 200 && statusCode < 300) resolve(text.toString('utf8'));
        else reject(new EmulatorError(`${method} ${call.service} ${path} ${headers['x-amz-target'] ?? ''}`, statusCode, text.toString('utf8')));
      }, reject);
    });
    outgoing.on('timeout', () => outgoing.destroy(new Error('the emulated AWS does not answer')));
    outgoing.on('error', reject);
    outgoing.end(body);
  });

const PROTOCOLS: Readonly<Record<string, { readonly prefix: string; readonly version: string; readonly service: string }>> = {
  DynamoDB: { prefix: 'DynamoDB_20120810', version: '1.0', service: 'dynamodb' },
  StepFunctions: { prefix: 'AWSStepFunctions', version: '1.0', service: 'states' },
  SecretsManager: { prefix: 'secretsmanager', version: '1.1', service: 'secretsmanager' },
};

/** An operation of a service that speaks JSON. */
export const jsonCall = async (
  port: number,
  region: string,
  api: 'DynamoDB' | 'StepFunctions' | 'SecretsManager',
  operation: string,
  input: unknown,
): Promise<unknown> => {
  const protocol = PROTOCOLS[api];
  if (protocol === undefined) throw new Error(`no protocol of ${api}`);
  const { prefix, version, service } = protocol;
  const headers = { 'content-type': `application/x-amz-json-${version}`, 'x-amz-target': `${prefix}.${operation}` };
  const text = await callEmulator(port, { region, service, headers, body: JSON.stringify(input) });
  return text === '' ? {} : (JSON.parse(text) as unknown);
};

/** The real interpreter of state machines, and no Docker for functions: both before anything exists. */
export const configureEmulator = async (port: number): Promise<void> => {
  const body = JSON.stringify({ stepfunctions: { execute_state_machine: true }, lambda: { use_docker: false } });
  await callEmulator(port, { region: 'us-east-1', service: 'moto', path: '/moto-api/config', headers: { 'content-type': 'application/json' }, body });
};
