/** Everything that the command line asks and tells of a failover, by the same adapters as the functions: AWS' interfaces only, so that it works from wherever there are credentials. */
import { LambdaClient } from '@aws-sdk/client-lambda';
import { SFNClient } from '@aws-sdk/client-sfn';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { askFunction } from '../../lambdas/aws/ask-function';
import { Items } from '../../lambdas/aws/items';
import { DynamoLease, replicasOf } from '../../lambdas/aws/lease-store';
import { limits } from '../../lambdas/aws/limits';
import type { RegionWord } from '../../lambdas/decider/look';
import { functionName, stateMachineName, type Direction, type FailoverHandler } from '../../lib/failover/names';
import { failoverSettings, type FailoverSettings } from '../../lib/failover/settings';
import { partitionOf } from '../../lib/topology/aws-regions';
import type { Environment } from '../../lib/topology/types';
import { EXIT, ExpectedError, UsageError } from '../exit';

/** Milliseconds for one attempt. */
const TIMEOUT = 5000;

export interface World {
  readonly environment: Environment;
  readonly settings: FailoverSettings;
  /** Who asks, as AWS says: an ARN. */
  readonly person: string;
  readonly account: string;
  readonly lease: DynamoLease;
  readonly items: Items;
  readonly machines: (region: string) => SFNClient;
  readonly machineArn: (region: string, direction: Direction) => string;
  readonly ask: (region: string, handler: FailoverHandler, question: object) => Promise<unknown>;
}

/** @throws UsageError when it has none */
export const withFailover = (environment: Environment): Environment => {
  if (environment.failover === null || environment.dns === null)
    throw new UsageError(`environment "${environment.name}" has no failover; allowed: one with \`failover\` and \`dns\` in lib/environments`);
  return environment;
};

/** By name, or by its role in the model. @throws UsageError naming the regions */
export const regionOf = (environment: Environment, given: string): string => {
  const found = environment.regions.find((region) => region.name === given || region.role === given);
  if (found === undefined) throw new UsageError(`region: given "${given}"; allowed: ${environment.regions.map((region) => region.name).join(', ')}`);
  return found.name;
};

/** Asked in the witness region: the home's STS may be gone with it. */
const callerIdentity = async (region: string): Promise<{ readonly account: string; readonly person: string }> => {
  try {
    const { Account: account, Arn: person } = await new STSClient({ region, ...limits(TIMEOUT) }).send(new GetCallerIdentityCommand({}));
    if (account === undefined || person === undefined) throw new Error('it does not say who asks');
    return { account, person };
  } catch (error) {
    const because = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    throw new ExpectedError(
      `AWS does not know who asks (STS in ${region}): ${because}. Give credentials as for the AWS CLI (aws sso login, AWS_PROFILE, AWS_ACCESS_KEY_ID), or --lab <name>`,
      EXIT.notPossible,
    );
  }
};

const perRegion = <T>(make: (region: string) => T): ((region: string) => T) => {
  const made = new Map<string, T>();
  return (region) => {
    const client = made.get(region) ?? make(region);
    made.set(region, client);
    return client;
  };
};

/** @throws ExpectedError when there are no credentials */
export const connect = async (environment: Environment): Promise<World> => {
  const { failover, regions } = withFailover(environment);
  const { account, person } = await callerIdentity(failover?.witness ?? '');
  if (environment.account !== null && environment.account !== account)
    throw new ExpectedError(`the credentials are of account ${account}; environment "${environment.name}" lies in ${environment.account}`, EXIT.notPossible);
  const settings = failoverSettings(environment, regions[0]?.name ?? '', account);
  const replicas = replicasOf(settings.lease.replicas, TIMEOUT);
  const functions = perRegion((region) => new LambdaClient({ region, ...limits(3 * TIMEOUT) }));
  return {
    environment,
    settings,
    person,
    account,
    lease: new DynamoLease(settings.lease.table, replicas),
    items: new Items(settings.lease.table, replicas),
    machines: perRegion((region) => new SFNClient({ region, ...limits(TIMEOUT) })),
    machineArn: (region, direction) =>
      `arn:${partitionOf(region) ?? 'aws'}:states:${region}:${account}:stateMachine:${stateMachineName(environment, direction)}`,
    ask: (region, handler, question) => askFunction(functions(region), functionName(environment, handler), question),
  };
};

/** Of a region that does not answer nothing is known. */
export const wordOf = async ({ ask }: Pick<World, 'ask'>, region: string): Promise<RegionWord | undefined> => {
  try {
    return (await ask(region, 'decider', { describe: true })) as RegionWord;
  } catch {
    return undefined; // shown as "does not answer"
  }
};
