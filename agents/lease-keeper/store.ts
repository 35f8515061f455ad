/** The lease as a region's keepers use it: created once, renewed ever after. */
import { ConditionalCheckFailedException, GetItemCommand, PutItemCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { NoAnswer } from '../../lib/failover/errors';
import { create, renew, type CreateRequest, type LeaseAnswer, type LeaseRecord, type RenewRequest } from '../../lib/failover/lease';
import { leaseGet, leaseOf, leasePut } from '../../lib/failover/lease-item';
import { reasonOf } from '../follower/log';

export interface Replica {
  readonly region: string;
  readonly client: Pick<DynamoDBClient, 'send'>;
}

/** Another writer may be faster: the keepers beside the region's other members, a workflow. */
const CONTENTIONS = 5;
/** Two replicas were written at the same moment: nothing was written by this one. */
const SAME_MOMENT = 'ReplicatedWriteConflictException';

type Transition = (record: LeaseRecord | null) => LeaseAnswer;
type Tried = { readonly written: true } | { readonly written: false; readonly present: LeaseRecord | null };

export class KeeperStore {
  /** As last seen: usually still the present one, so that a renewal is one request. Nothing is concluded from it without a write that confirms it. */
  private last: LeaseRecord | null | undefined;
  /** Who answered last is asked first. */
  private first = 0;

  /** @param shareMs of the time for one request: so long a replica may be silent before the next one is asked */
  constructor(
    private readonly table: string,
    private readonly replicas: readonly Replica[],
    private readonly shareMs: number,
  ) {}

  /** @throws NoAnswer when no replica answers until `signal` */
  renew(request: RenewRequest, signal: AbortSignal): Promise<LeaseAnswer> {
    return this.change((record) => renew(record, request), signal);
  }

  /** @throws NoAnswer when no replica answers until `signal` */
  create(request: CreateRequest, signal: AbortSignal): Promise<LeaseAnswer> {
    return this.change((record) => create(record, request), signal);
  }

  private async change(transition: Transition, signal: AbortSignal): Promise<LeaseAnswer> {
    for (let attempt = 1; attempt <= CONTENTIONS; attempt++) {
      const isFresh = this.last === undefined;
      const before = this.last === undefined ? (this.last = await this.read(signal)) : this.last;
      const answer = transition(before);
      if (answer.kind === 'refused') {
        if (isFresh) return answer;
        // By what was seen some time ago: it may be different now.
        this.last = undefined;
        continue;
      }
      const tried = await this.write(before, answer.record, signal);
      this.last = tried.written ? answer.record : tried.present;
      if (tried.written) return answer;
    }
    this.last = undefined;
    throw new NoAnswer(`${this.table}: somebody else was faster ${CONTENTIONS} times in a row`);
  }

  private async read(signal: AbortSignal): Promise<LeaseRecord | null> {
    return leaseOf((await this.ask(({ client }, abortSignal) => client.send(new GetItemCommand(leaseGet(this.table)), { abortSignal }), signal)).Item);
  }

  private write(before: LeaseRecord | null, after: LeaseRecord, signal: AbortSignal): Promise<Tried> {
    return this.ask(async ({ client }, abortSignal) => {
      try {
        await client.send(new PutItemCommand(leasePut(this.table, before, after)), { abortSignal });
        return { written: true };
      } catch (error) {
        if (error instanceof ConditionalCheckFailedException) return { written: false, present: leaseOf(error.Item) };
        if (error instanceof Error && error.name === SAME_MOMENT) return { written: false, present: before };
        throw error;
      }
    }, signal);
  }

  /** The replicas in turn; each but the last has its share of the time that is left, so that one which is silent leaves enough for the next. */
  private async ask<T>(question: (replica: Replica, signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T> {
    const failures: string[] = [];
    const count = this.replicas.length;
    for (let i = 0; i < count; i++) {
      const index = (this.first + i) % count;
      const replica = this.replicas[index];
      if (replica === undefined || signal.aborted) break;
      const share = i === count - 1 ? signal : AbortSignal.any([signal, AbortSignal.timeout(this.shareMs)]);
      try {
        const answer = await question(replica, share);
        this.first = index;
        return answer;
      } catch (error) {
        failures.push(`${replica.region}: ${reasonOf(error)}`);
      }
    }
    // What became of a write without an answer is not known.
    this.last = undefined;
    throw new NoAnswer(failures.sort().join('; ') || 'no replica answered in time');
  }
}
