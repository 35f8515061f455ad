/** As much of AWS as the functions of the failover call, over TLS: one table, three buckets, a topic, and an STS that checks signatures. */
import { createServer, type Server } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { GetItemCommand, PutItemCommand, QueryCommand } from '@aws-sdk/client-dynamodb';
import { authorizationOf, judgeSignature, type KeyPair } from '../../../lab/aws/signatures';
import { FakeTable } from '../fake-dynamo';

export const ACCOUNT = '123456789012';

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface StoredObject {
  text: string;
  version: number;
}

export class FakeAws {
  readonly table = new FakeTable();
  /** By region. */
  readonly objects = new Map<string, StoredObject>();
  /** Subjects and messages, as published. */
  readonly told: string[] = [];
  /** By access key id. */
  readonly people = new Map<string, KeyPair & { readonly arn: string }>();
  /** Operations that nobody may carry out. */
  readonly forbidden = new Set<string>();
  private server: Server | undefined;

  get endpoint(): string {
    return `https://localhost:${(this.server?.address() as AddressInfo).port}`;
  }

  async open(tls: { readonly cert: string; readonly key: string }): Promise<void> {
    this.server = createServer({ ...tls }, (request, response) => void this.serve(request, response));
    await new Promise<void>((done) => this.server?.listen(0, 'localhost', done));
  }

  close(): void {
    this.server?.closeAllConnections();
    this.server?.close();
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = (await buffer(request)).toString('utf8');
    const { service = '', region = '' } = authorizationOf(request.headers.authorization) ?? {};
    const { status, body: text, headers } = await this.answer(service, region, request, body);
    response.writeHead(status, headers).end(text);
  }

  private answer(service: string, region: string, request: IncomingMessage, body: string): Promise<Answer> {
    if (service === 'dynamodb') return this.dynamo(region, String(request.headers['x-amz-target']).split('.').pop() ?? '', body);
    if (service === 's3') return Promise.resolve(this.object(region, request, body));
    if (service === 'sts') return this.identity(request, body);
    if (service === 'secretsmanager') return Promise.resolve({ status: 200, body: JSON.stringify({ SecretString: '{"application-password":"secret"}' }) });
    if (service === 'sns') return Promise.resolve(this.publish(body));
    return Promise.resolve({ status: 501, body: `no service ${service}` });
  }

  private async dynamo(region: string, operation: string, body: string): Promise<Answer> {
    const fail = (name: string): Answer => ({ status: 400, body: JSON.stringify({ __type: `com.amazonaws.dynamodb.v20120810#${name}`, message: name }) });
    if (this.forbidden.has(operation)) return fail('AccessDeniedException');
    const input = JSON.parse(body) as never;
    const command = { GetItem: () => new GetItemCommand(input), PutItem: () => new PutItemCommand(input), Query: () => new QueryCommand(input) }[operation];
    if (command === undefined) return fail('UnknownOperationException');
    try {
      return { status: 200, body: JSON.stringify(await this.table.replica(region).client.send(command() as never)) };
    } catch (error) {
      return fail((error as Error).name);
    }
  }

  private object(region: string, { method = '', headers }: IncomingMessage, body: string): Answer {
    const fail = (status: number, code: string): Answer => ({ status, body: `<Error><Code>${code}</Code><Message>${code}</Message></Error>` });
    const operation = method === 'PUT' ? 'PutObject' : 'GetObject';
    if (this.forbidden.has(operation)) return fail(403, 'AccessDenied');
    const found = this.objects.get(region);
    const tag = (o: StoredObject): string => `"${o.version}"`;
    if (operation === 'GetObject') return found === undefined ? fail(404, 'NoSuchKey') : { status: 200, body: found.text, headers: { etag: tag(found) } };
    const { 'if-match': match, 'if-none-match': none } = headers;
    if ((none === '*' && found !== undefined) || (match !== undefined && (found === undefined || tag(found) !== match))) return fail(412, 'PreconditionFailed');
    const written = { text: plain(body, headers), version: (found?.version ?? 0) + 1 };
    this.objects.set(region, written);
    return { status: 200, body: '', headers: { etag: tag(written) } };
  }

  private async identity({ method = '', url = '', headers }: IncomingMessage, body: string): Promise<Answer> {
    const verdict = await judgeSignature({ method, url, headers, body }, this.people, Date.now());
    const arn = this.people.get(authorizationOf(headers.authorization)?.accessKeyId ?? '')?.arn;
    if (verdict !== 'right' || arn === undefined) return { status: 403, body: `<ErrorResponse><Error><Code>${verdict}</Code></Error></ErrorResponse>` };
    return { status: 200, body: `<GetCallerIdentityResult><Arn>${arn}</Arn><UserId>X</UserId><Account>${ACCOUNT}</Account></GetCallerIdentityResult>` };
  }

  private publish(body: string): Answer {
    if (this.forbidden.has('Publish')) {
      return { status: 403, body: '<ErrorResponse><Error><Type>Sender</Type><Code>AuthorizationError</Code><Message>no</Message></Error></ErrorResponse>' };
    }
    const form = new URLSearchParams(body);
    this.told.push(`${form.get('Subject') ?? ''}\n${form.get('Message') ?? ''}`);
    return { status: 200, body: '<PublishResponse><PublishResult><MessageId>1</MessageId></PublishResult></PublishResponse>' };
  }
}

/** The SDK sends a body in chunks that carry its checksum at their end. */
const plain = (body: string, headers: IncomingMessage['headers']): string =>
  headers['content-encoding']?.includes('aws-chunked') === true ? (/^[0-9a-f]+(?:;[^\r]*)?\r\n([\s\S]*?)\r\n0/.exec(body)?.[1] ?? '') : body;
