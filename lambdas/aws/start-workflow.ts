/** Starts a workflow in its target region. An execution's name exists once: of two who start the same change, one is told that it runs already. */
import { DescribeExecutionCommand, StartExecutionCommand, type SFNClient } from '@aws-sdk/client-sfn';
import { NoAnswer } from '../../lib/failover/errors';
import { attemptName, executionId, type Direction } from '../../lib/failover/names';
import type { AcceptedLoss } from '../../lib/failover/steps/run';
import { failCall, isNamed } from './limits';

/** The input of a workflow (lambdas/runtime/request.ts checks it). */
export interface StartRequest {
  readonly direction: Direction;
  readonly target: string;
  readonly fromEpoch: number;
  readonly renewals: number;
  readonly person: string | null;
  readonly because: string;
  readonly forceLoss: AcceptedLoss | null;
  readonly dryRun: boolean;
}

export interface Started {
  readonly kind: 'started' | 'running';
  readonly name: string;
  readonly arn: string;
}

/** Each of them failed or was refused; somebody should find out why. */
const ATTEMPTS = 50;

type Client = Pick<SFNClient, 'send'>;

export const executionArn = (machine: string, name: string): string => `${machine.replace(':stateMachine:', ':execution:')}:${name}`;

const isRunning = async (client: Client, arn: string): Promise<boolean> => {
  const { status } = await client.send(new DescribeExecutionCommand({ executionArn: arn })).catch((error: unknown) => failCall(`looking at ${arn}`, error));
  return status === 'RUNNING' || status === 'PENDING_REDRIVE';
};

/** A plan's names are its own, so that it stands in nobody's way. */
const nameOf = (request: StartRequest, environment: string, attempt: number): string => {
  const execution = executionId({ name: environment }, request.fromEpoch, request.direction);
  return request.dryRun ? `${execution}-plan-${Date.now()}` : attemptName(execution, attempt);
};

/** @param machine ARN of the state machine in the target region. @throws Refused or NoAnswer */
export const startWorkflow = async (client: Client, machine: string, environment: string, request: StartRequest): Promise<Started> => {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const name = nameOf(request, environment, attempt);
    const arn = executionArn(machine, name);
    try {
      await client.send(new StartExecutionCommand({ stateMachineArn: machine, name, input: JSON.stringify(request) }));
      return { kind: 'started', name, arn };
    } catch (error) {
      if (!isNamed(error, 'ExecutionAlreadyExists')) failCall(`starting ${name}`, error);
      if (await isRunning(client, arn)) return { kind: 'running', name, arn };
    }
  }
  throw new NoAnswer(`${ATTEMPTS} attempts from epoch ${request.fromEpoch} have ended already`);
};
