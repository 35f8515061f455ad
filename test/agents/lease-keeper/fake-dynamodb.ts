import { createServer, type Server } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

type Attribute = { readonly S?: string; readonly N?: string };
type Item = Readonly<Record<string, Attribute>>;
interface Request {
  readonly Item?: Item;
  readonly ConditionExpression?: string;
  readonly ExpressionAttributeValues?: Readonly<Record<string, Attribute>>;
}

/** One linearised item behind an HTTPS endpoint that speaks DynamoDB's JSON protocol; which replica is asked is in the signature's scope. */
export class FakeDynamoDb {
  item: Item | undefined;
  /** Replicas that accept a request and answer nothing. */
  readonly silent = new Set<string>();
  /** Milliseconds until an answer, after the write was made. */
  delay = 0;
  readonly asked: string[] = [];
  /** Runs before a write is judged. */
  beforePut: (() => void) | undefined;
  private server: Server | undefined;

  async start(tls: { readonly cert: string; readonly key: string }): Promise<string> {
    this.server = createServer(tls, (request, response) => void this.onRequest(request, response));
    await new Promise<void>((done) => this.server?.listen(0, '127.0.0.1', done));
    return `https://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  stop(): void {
    this.server?.close();
    this.server?.closeAllConnections();
  }

  get record(): Record<string, unknown> {
    return JSON.parse(this.item?.['record']?.S ?? '{}') as Record<string, unknown>;
  }

  private async onRequest(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    const region = /Credential=[^/]+\/\d+\/([a-z0-9-]+)\/dynamodb\//.exec(request.headers.authorization ?? '')?.[1] ?? 'unsigned';
    const operation = String(request.headers['x-amz-target']).split('.')[1] ?? '';
    this.asked.push(`${region} ${operation}`);
    if (this.silent.has(region)) return;
    const [status, answer] = this.answer(operation, JSON.parse(body) as Request);
    await new Promise((done) => setTimeout(done, this.delay));
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' }).end(JSON.stringify(answer));
  }

  private answer(operation: string, request: Request): readonly [number, object] {
    if (operation === 'GetItem') return [200, this.item === undefined ? {} : { Item: this.item }];
    if (operation !== 'PutItem') throw new Error(`the fake store knows no ${operation}`);
    this.beforePut?.();
    this.beforePut = undefined;
    if (!this.holds(request)) {
      const type = 'com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException';
      return [400, { __type: type, message: 'The conditional request failed', ...(this.item === undefined ? {} : { Item: this.item }) }];
    }
    this.item = request.Item;
    return [200, {}];
  }

  private holds({ ConditionExpression, ExpressionAttributeValues }: Request): boolean {
    if (ConditionExpression === 'attribute_not_exists(#key)') return this.item === undefined;
    if (ConditionExpression !== '#version = :before') throw new Error(`the fake store does not understand ${String(ConditionExpression)}`);
    return this.item?.['version']?.N === ExpressionAttributeValues?.[':before']?.N;
  }
}
