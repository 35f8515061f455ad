/** What is going on: the drill that runs, the incident that is open, who agreed to what. One small table; each entry one item. */
import { DeleteItemCommand, type DynamoDBClient, GetItemCommand, PutItemCommand, type AttributeValue } from '@aws-sdk/client-dynamodb';
import type { DrillApproval } from '../../lib/operations/drills/guard';

export interface RunningDrill {
  readonly drill: string;
  readonly run: string;
  /** ms since 1970: after this the dead man's timer has ended it. */
  readonly until: number;
}

type Item = Readonly<Record<string, AttributeValue>>;
const REFUSED = 'ConditionalCheckFailedException';

export class Journal {
  constructor(
    private readonly table: string,
    private readonly client: Pick<DynamoDBClient, 'send'>,
  ) {}

  private async get(id: string): Promise<Item | null> {
    const { Item } = await this.client.send(new GetItemCommand({ TableName: this.table, Key: { id: { S: id } }, ConsistentRead: true }));
    return Item ?? null;
  }

  /** What people call it; null: none is open. */
  async incident(): Promise<{ readonly title: string } | null> {
    const item = await this.get('incident');
    return item === null ? null : { title: item['title']?.S ?? 'without a title' };
  }

  async approval(drill: string): Promise<DrillApproval | null> {
    const item = await this.get(`approval#${drill}`);
    return item === null ? null : { drill, day: item['day']?.S ?? '', by: item['by']?.S ?? '' };
  }

  /** One that should have ended is not running any more. */
  async running(now: number): Promise<RunningDrill | null> {
    const item = await this.get('running');
    const until = Number(item?.['until']?.N ?? Number.NaN);
    if (item === null || until <= now) return null;
    return { drill: item['drill']?.S ?? 'unknown', run: item['run']?.S ?? '', until };
  }

  /** Exactly one of those that ask at once gets it. @returns false when another one runs */
  async claim({ drill, run, until }: RunningDrill, now: number): Promise<boolean> {
    const put = new PutItemCommand({
      TableName: this.table,
      Item: { id: { S: 'running' }, drill: { S: drill }, run: { S: run }, until: { N: String(until) } },
      ConditionExpression: 'attribute_not_exists(id) OR #until <= :now OR #run = :run',
      ExpressionAttributeNames: { '#until': 'until', '#run': 'run' },
      ExpressionAttributeValues: { ':now': { N: String(now) }, ':run': { S: run } },
    });
    return this.unlessRefused(this.client.send(put));
  }

  /** Of the run that has it; another one's stays. */
  async release(run: string): Promise<boolean> {
    const remove = new DeleteItemCommand({
      TableName: this.table,
      Key: { id: { S: 'running' } },
      ConditionExpression: '#run = :run',
      ExpressionAttributeNames: { '#run': 'run' },
      ExpressionAttributeValues: { ':run': { S: run } },
    });
    return this.unlessRefused(this.client.send(remove));
  }

  private async unlessRefused(sent: Promise<unknown>): Promise<boolean> {
    try {
      await sent;
      return true;
    } catch (error) {
      if (error instanceof Error && error.name === REFUSED) return false;
      throw error;
    }
  }
}
