/** A table that evaluates the expressions which the adapters really send, with the faults that a network and two replicas have. */
import { GetItemCommand, PutItemCommand, QueryCommand } from '@aws-sdk/client-dynamodb';
import type { Replica } from '../../lambdas/aws/lease-store';

type Attributes = Readonly<Record<string, { readonly S?: string; readonly N?: string }>>;

class Named extends Error {
  constructor(name: string, message = name) {
    super(message);
    this.name = name;
  }
}

/** `lost`: the call never arrives; `unanswered`: it is carried out, and its answer is lost; an error's name: the service says so. */
export type Fault = 'lost' | 'unanswered' | 'ReplicatedWriteConflictException' | 'AccessDeniedException' | undefined;

const same = (a: { readonly S?: string; readonly N?: string } | undefined, b: { readonly S?: string; readonly N?: string } | undefined): boolean =>
  a !== undefined && b !== undefined && a.S === b.S && a.N === b.N;

export class FakeTable {
  readonly items = new Map<string, Attributes>();
  /** Asked before each call. */
  fault: (region: string, command: string) => Fault = () => undefined;
  writes = 0;

  replica(region: string): Replica {
    return { region, client: { send: (command: unknown) => this.send(region, command) } };
  }

  private async send(region: string, command: unknown): Promise<unknown> {
    await Promise.resolve();
    const name = (command as object).constructor.name;
    const fault = this.fault(region, name);
    if (fault === 'lost') throw new Named('TimeoutError', `${name} to ${region} timed out`);
    if (fault !== undefined && fault !== 'unanswered') throw new Named(fault);
    const answer = this.carryOut(command);
    if (fault === 'unanswered') throw new Named('TimeoutError', `${name} to ${region} timed out`);
    return answer;
  }

  private carryOut(command: unknown): unknown {
    if (command instanceof GetItemCommand) {
      if (command.input.ConsistentRead !== true) throw new Error('a read that may be old');
      return { Item: this.items.get(this.keyOf(command.input.Key as Attributes)) };
    }
    if (command instanceof QueryCommand) {
      if (command.input.ConsistentRead !== true) throw new Error('a read that may be old');
      const id = command.input.ExpressionAttributeValues?.[':id'];
      const found = [...this.items.values()].filter((item) => same(item['id'], id as { S: string }));
      return { Items: found.sort((a, b) => ((a['part']?.S ?? '') < (b['part']?.S ?? '') ? -1 : 1)) };
    }
    if (command instanceof PutItemCommand) return this.put(command);
    throw new Error('unknown command');
  }

  private put({ input }: PutItemCommand): object {
    const item = input.Item as Attributes;
    const before = this.items.get(this.keyOf(item));
    if (!this.holds(input, before)) throw new Named('ConditionalCheckFailedException');
    this.items.set(this.keyOf(item), item);
    this.writes += 1;
    return {};
  }

  /** The two kinds of conditions that are used: the item is not there, and one attribute equals a value. */
  private holds(
    { ConditionExpression: text, ExpressionAttributeNames: names = {}, ExpressionAttributeValues: values = {} }: PutItemCommand['input'],
    before: Attributes | undefined,
  ): boolean {
    const absent = /^attribute_not_exists\((#\w+)\)$/.exec(text ?? '');
    if (absent) return before?.[names[absent[1] ?? ''] ?? ''] === undefined;
    const equal = /^(#\w+) = (:\w+)$/.exec(text ?? '');
    if (equal === null) throw new Error(`a condition that this table does not know: ${text ?? 'none'}`);
    return same(before?.[names[equal[1] ?? ''] ?? ''], values[equal[2] ?? '']);
  }

  private keyOf(item: Attributes): string {
    return `${item['id']?.S ?? ''}|${item['part']?.S ?? ''}`;
  }
}
