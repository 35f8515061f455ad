/** The lease in a DynamoDB table with strong consistency between its regions. */
import { DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { NoAnswer, Refused } from '../../lib/failover/errors';
import type { LeaseStore } from '../../lib/failover/failover-ports';
import { leaseGet, leaseOf, leasePut } from '../../lib/failover/lease-item';
import * as lease from '../../lib/failover/lease';
import type { LeaseAnswer, LeaseRecord } from '../../lib/failover/lease';
import { failCall, isNamed, limits } from './limits';

/** So often another writer may be faster. The only one that writes regularly is the keeper, once every few seconds. */
const CONTENTIONS = 8;
/** The write met another one: of the same version, or made in the other replica at the same moment. */
const LOST_RACE = ['ConditionalCheckFailedException', 'ReplicatedWriteConflictException', 'TransactionConflictException'];

export interface Replica {
  readonly region: string;
  readonly client: Pick<DynamoDBClient, 'send'>;
}

/** @param timeout of one attempt at one replica, milliseconds */
export const replicasOf = (regions: readonly string[], timeout: number): readonly Replica[] =>
  regions.map((region) => ({ region, client: new DynamoDBClient({ region, ...limits(timeout) }) }));

/** Asks the replicas in turn: any of them speaks for the table. A refusal is one everywhere. */
export const atAnyReplica = async <T>(replicas: readonly Replica[], what: string, ask: (client: Replica['client']) => Promise<T>): Promise<T> => {
  const failures: string[] = [];
  for (const { region, client } of replicas) {
    try {
      return await ask(client);
    } catch (error) {
      if (isNamed(error, ...LOST_RACE)) throw error;
      try {
        failCall(`${what} in ${region}`, error);
      } catch (meaning) {
        if (meaning instanceof Refused) throw meaning;
        failures.push(meaning instanceof Error ? meaning.message : String(meaning));
      }
    }
  }
  throw new NoAnswer(failures.join('; '));
};

type Transition = (record: LeaseRecord | null) => LeaseAnswer;

/**
 * Reads, decides by the rules of the lease, and writes on the condition that the record is still the one that was read: what two of these do at once is what one of
 * them does after the other. A write whose answer was lost is met again as the present record, and every request that is repeated is granted again.
 */
export class DynamoLease implements LeaseStore {
  constructor(
    private readonly table: string,
    private readonly replicas: readonly Replica[],
  ) {}

  async read(): Promise<LeaseRecord | null> {
    const { Item } = await atAnyReplica(this.replicas, `reading ${this.table}`, (client) => client.send(new GetItemCommand(leaseGet(this.table))));
    return leaseOf(Item);
  }

  create = (request: lease.CreateRequest): Promise<LeaseAnswer> => this.change((record) => lease.create(record, request));
  renew = (request: lease.RenewRequest): Promise<LeaseAnswer> => this.change((record) => lease.renew(record, request));
  advance = (request: lease.AdvanceRequest): Promise<LeaseAnswer> => this.change((record) => lease.advance(record, request));
  mark = (request: lease.MarkRequest): Promise<LeaseAnswer> => this.change((record) => lease.mark(record, request));
  settle = (request: lease.SettleRequest): Promise<LeaseAnswer> => this.change((record) => lease.settle(record, request));
  giveBack = (request: lease.GiveBackRequest): Promise<LeaseAnswer> => this.change((record) => lease.giveBack(record, request));

  private async change(transition: Transition): Promise<LeaseAnswer> {
    for (let attempt = 1; attempt <= CONTENTIONS; attempt += 1) {
      const before = await this.read();
      const answer = transition(before);
      if (answer.kind === 'refused' || answer.record.version === before?.version) return answer;
      if (await this.write(before, answer.record)) return answer;
    }
    throw new NoAnswer(`${this.table}: somebody else was faster ${CONTENTIONS} times in a row`);
  }

  /** @returns false when the record has changed since */
  private async write(before: LeaseRecord | null, after: LeaseRecord): Promise<boolean> {
    try {
      await atAnyReplica(this.replicas, `writing ${this.table}`, (client) => client.send(new PutItemCommand(leasePut(this.table, before, after))));
      return true;
    } catch (error) {
      if (isNamed(error, ...LOST_RACE)) return false;
      throw error;
    }
  }
}
