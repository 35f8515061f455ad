/** Small records beside the lease, in the same table: approvals, who was told what, the audit's entries, the decider's memory. */
import { type AttributeValue, PutItemCommand, QueryCommand } from '@aws-sdk/client-dynamodb';
import { NoAnswer } from '../../lib/failover/errors';
import { PARTITION_KEY, SORT_KEY } from '../../lib/failover/lease-item';
import { isNamed } from './limits';
import { atAnyReplica, type Replica } from './lease-store';

export interface Item {
  readonly id: string;
  readonly part: string;
  readonly value: unknown;
}

const CONDITION_FAILED = 'ConditionalCheckFailedException';

const parsed = (attribute: AttributeValue | undefined): unknown => {
  try {
    return JSON.parse(attribute?.S ?? '');
  } catch {
    return undefined; // somebody else's item: whoever reads it finds nothing that it knows
  }
};

export class Items {
  constructor(
    private readonly table: string,
    private readonly replicas: readonly Replica[],
  ) {}

  /** Strongly consistent, in the order of `part`. @throws NoAnswer or Refused */
  async all(id: string): Promise<readonly Item[]> {
    const query = new QueryCommand({
      TableName: this.table,
      ConsistentRead: true,
      KeyConditionExpression: '#id = :id',
      ExpressionAttributeNames: { '#id': PARTITION_KEY },
      ExpressionAttributeValues: { ':id': { S: id } },
    });
    const { Items = [] } = await atAnyReplica(this.replicas, `reading ${id} of ${this.table}`, (client) => client.send(query));
    return Items.map((item) => ({ id, part: item[SORT_KEY]?.S ?? '', value: parsed(item['value']) }));
  }

  /** @returns false when there is one already, which stays as it is. @throws NoAnswer or Refused */
  add({ id, part, value }: Item): Promise<boolean> {
    return this.put({ id, part, value }, { ConditionExpression: 'attribute_not_exists(#id)', ExpressionAttributeNames: { '#id': PARTITION_KEY } });
  }

  /**
   * @param was the text that the item had when it was read; undefined: there was none
   * @returns false when it is another one by now. @throws NoAnswer or Refused
   */
  replace(item: Item, was: unknown): Promise<boolean> {
    if (was === undefined) return this.add(item);
    const condition = {
      ConditionExpression: '#value = :was',
      ExpressionAttributeNames: { '#value': 'value' },
      ExpressionAttributeValues: { ':was': { S: JSON.stringify(was) } },
    };
    return this.put(item, condition);
  }

  private async put({ id, part, value }: Item, condition: Partial<ConstructorParameters<typeof PutItemCommand>[0]>): Promise<boolean> {
    const item = { [PARTITION_KEY]: { S: id }, [SORT_KEY]: { S: part }, value: { S: JSON.stringify(value) } };
    try {
      await atAnyReplica(this.replicas, `writing ${id} of ${this.table}`, (client) =>
        client.send(new PutItemCommand({ TableName: this.table, Item: item, ...condition })),
      );
      return true;
    } catch (error) {
      if (isNamed(error, CONDITION_FAILED)) return false;
      // The same item in both replicas at the same moment: asked again, one of the two is there.
      if (isNamed(error, 'ReplicatedWriteConflictException')) throw new NoAnswer(`${this.table}: two regions wrote ${id} at once`);
      throw error;
    }
  }
}
