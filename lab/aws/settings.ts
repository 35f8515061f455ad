/** Where the emulated AWS is: in a host outside both workload regions, as the regions of the witness, of the lease and of the switch objects are. */
import { join } from 'node:path';
import type { LabSettings } from '../settings';

/** The emulator's only account. */
export const AWS_ACCOUNT = '123456789012';
/** Every AWS API of every region: they are told apart by the signature's credential scope, or by the host's name. */
export const AWS_ADDRESS = '10.70.0.10';
export const AWS_ENDPOINT = `https://${AWS_ADDRESS}`;
/** Answers for the public zone, and for AWS's own names. */
export const DNS_ADDRESS = '10.70.0.53';
export const OUTSIDE_CIDR = '10.70.0.0/16';

/** Clients that live in neither region, one per continent that the drills care about. */
export const CLIENT_ADDRESSES = { EU: '10.70.1.1', NA: '10.70.2.1', AS: '10.70.3.1' } as const;

/** On loopback of that host: what the emulator's own Step Functions call, and the emulator itself. */
export const FRONT_PORT = 4566;
export const EMULATOR_PORT = 4567;

export interface AwsSettings {
  readonly netns: string;
  readonly directory: string;
  /** Commands of drills: faults, ticks, and what is seen. */
  readonly control: string;
  /** Written by the provisioning: what exists. */
  readonly resources: string;
}

/** One per lab, whatever region `lab` is. */
export const awsSettings = (lab: LabSettings, root: string): AwsSettings => {
  const directory = join(root, 'aws');
  return {
    netns: `hf-${lab.name}-aw`,
    directory,
    control: join(directory, 'control.sock'),
    resources: join(directory, 'resources.json'),
  };
};

/** Where a region's functions run; a unix socket, so that an invocation does not depend on the network that a drill cuts. */
export const functionHostSocket = (aws: Pick<AwsSettings, 'directory'>, region: string): string => join(aws.directory, `functions-${region}.sock`);
