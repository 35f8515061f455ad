/** People in a lab: what they type is the command line itself, and whom they are is proven by what they sign. */
import { AWS_ACCOUNT } from '../aws/settings';
import { holdfast, type CommandRun, type Following } from '../backups/command';
import { leaseTableName } from '../../lib/failover/names';
import type { AuditEntry } from '../../lib/failover/failover-ports';
import { askOutside } from '../edge/control';
import { outsideOf } from '../edge/settings';
import { sleep } from '../exec';
import { failoverOf, type FailoverStage } from './stage';

/** Who begins, and agrees; and who agrees as well. */
export const PEOPLE = ['ada', 'grace'] as const;
export type Name = (typeof PEOPLE)[number];

/** As AWS knows them. */
export const arnOf = (name: Name): string => `arn:aws:iam::${AWS_ACCOUNT}:user/${name}`;

/** As if from a shell of one's own: the command finds its way into the lab by itself. */
const shell = (): NodeJS.ProcessEnv => ({ ...process.env, HOLDFAST_INSIDE: undefined });

export const types = ({ context }: FailoverStage, name: Name, args: readonly string[], following: Following = {}): Promise<CommandRun> => {
  context.progress(`${name}: holdfast ${args.join(' ')}`);
  return holdfast(context, [...args, '--as', name], { ...following, environment: shell() });
};

/** The name of the run, of its first line. */
const STARTED = /^(\S+): (?:started|runs already) in /;
const ASKS = /^\s*Approve\b/;

export interface Agreed {
  /** Who began. */
  readonly run: CommandRun;
  readonly attempt: string | undefined;
  readonly approvals: readonly CommandRun[];
}

/**
 * One begins; when the run asks, both agree, each so many seconds later.
 * @param args of the command that begins
 */
export const withAgreement = async (stage: FailoverStage, args: readonly string[], afterSeconds: number): Promise<Agreed> => {
  let attempt: string | undefined;
  let approvals: Promise<readonly CommandRun[]> | undefined;
  const agree = async (name: string): Promise<readonly CommandRun[]> => {
    await sleep(afterSeconds);
    return Promise.all(PEOPLE.map((person) => types(stage, person, ['failover', 'approve', name])));
  };
  const run = await types(stage, PEOPLE[0], args, {
    onLine: (line) => {
      attempt ??= STARTED.exec(line)?.[1];
      if (attempt !== undefined && ASKS.test(line)) approvals ??= agree(attempt);
    },
  });
  return { run, attempt, approvals: (await approvals) ?? [] };
};

/** What was recorded of a run, oldest first. */
export const auditOf = async ({ context: { lab } }: FailoverStage, attempt: string): Promise<readonly AuditEntry[]> => {
  const input = {
    TableName: leaseTableName(lab.environment),
    ConsistentRead: true,
    KeyConditionExpression: 'id = :id',
    ExpressionAttributeValues: { ':id': { S: `audit#${attempt}` } },
  };
  const [region] = failoverOf(lab).leaseRegions;
  const answer = (await askOutside(outsideOf(lab).control, '/call', { api: 'DynamoDB', region, operation: 'Query', input })) as {
    readonly Items?: readonly { readonly value?: { readonly S?: string } }[];
  };
  return (answer.Items ?? []).flatMap(({ value }) => (value?.S === undefined ? [] : [JSON.parse(value.S) as AuditEntry]));
};
