/** Creates in the emulator what the templates say. Not CloudFormation: only what has a state that the failover works on. */
import { until } from '../exec';
import { callEmulator, configureEmulator, EmulatorError, jsonCall } from './emulator-client';
import type { AwsResources, BucketResource, MachineResource } from './resources';
import { AWS_ACCOUNT } from './settings';

/** Answers of an emulator that has it already: provisioning may be repeated. */
const exists = (error: unknown): boolean =>
  error instanceof EmulatorError && /AlreadyExists|ResourceInUse|BucketAlreadyOwnedByYou|ResourceExists/.test(error.body);

const once = async (create: () => Promise<unknown>): Promise<void> => {
  try {
    await create();
  } catch (error) {
    if (!exists(error)) throw error;
  }
};

const createBucket = async (port: number, { region, name, policy }: BucketResource): Promise<void> => {
  const place = `<CreateBucketConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><LocationConstraint>${region}</LocationConstraint></CreateBucketConfiguration>`;
  const call = { region, service: 's3', method: 'PUT' };
  await once(() => callEmulator(port, { ...call, path: `/${name}`, body: region === 'us-east-1' ? '' : place }));
  if (policy !== undefined) await callEmulator(port, { ...call, path: `/${name}?policy`, body: policy });
};

const createMachine = (port: number, { region, name, definition }: MachineResource): Promise<void> =>
  once(() =>
    jsonCall(port, region, 'StepFunctions', 'CreateStateMachine', { name, definition, roleArn: `arn:aws:iam::${AWS_ACCOUNT}:role/${name}`, type: 'STANDARD' }),
  );

const createTopic = (port: number, region: string, name: string): Promise<unknown> =>
  callEmulator(port, {
    region,
    service: 'sns',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ Action: 'CreateTopic', Name: name, Version: '2010-03-31' }).toString(),
  });

/** A secret that the deployment has from elsewhere, for example a certificate. */
export interface GivenSecret {
  readonly region: string;
  readonly name: string;
  readonly value: string;
}

/** Before anything else uses the emulator. May be repeated. */
export const provision = async (port: number, resources: AwsResources, secrets: readonly GivenSecret[]): Promise<void> => {
  await configureEmulator(port);
  for (const { region, request } of resources.tables) await once(() => jsonCall(port, region, 'DynamoDB', 'CreateTable', request));
  for (const bucket of resources.buckets) await createBucket(port, bucket);
  for (const { region, name } of resources.topics) await createTopic(port, region, name);
  for (const { region, name, value } of secrets)
    await once(() => jsonCall(port, region, 'SecretsManager', 'CreateSecret', { Name: name, SecretString: value }));
  for (const machine of resources.machines) await createMachine(port, machine);
};

const WARM_UP = 'lab-warm-up';

/** An interpreter that has run nothing yet loads its parser and its clients with the first execution, for seconds on a busy machine. That is the emulator's, and no property of AWS. */
export const warmUp = async (port: number, regions: readonly string[]): Promise<void> => {
  const call: Readonly<Record<string, unknown>> = {
    Type: 'Task',
    Resource: 'arn:aws:states:::lambda:invoke',
    Parameters: { FunctionName: WARM_UP },
    Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Done' }],
    Next: 'Done',
  };
  const definition = JSON.stringify({ StartAt: 'Call', States: { Call: call, Done: { Type: 'Succeed' } } });
  for (const region of regions) {
    await createMachine(port, { region, name: WARM_UP, definition });
    const stateMachineArn = `arn:aws:states:${region}:${AWS_ACCOUNT}:stateMachine:${WARM_UP}`;
    const { executionArn } = (await jsonCall(port, region, 'StepFunctions', 'StartExecution', { stateMachineArn })) as { readonly executionArn: string };
    await until('the first execution of a state machine', 60, async () => {
      const { status } = (await jsonCall(port, region, 'StepFunctions', 'DescribeExecution', { executionArn })) as { readonly status: string };
      return status === 'RUNNING' ? undefined : true;
    });
    await jsonCall(port, region, 'StepFunctions', 'DeleteStateMachine', { stateMachineArn });
  }
};
