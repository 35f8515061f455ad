/** As much of AWS as the functions of the drills call: the journal's table, the bucket of evidence, locked as the template says, and the key that signs it. */
import { generateKeyPairSync, sign } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

interface Answer {
  readonly status: number;
  readonly body: string;
}
type Item = Readonly<Record<string, { readonly S?: string; readonly N?: string }>>;

const no = (code: string, status = 400): Answer => ({ status, body: JSON.stringify({ __type: code, message: code }) });
const notS3 = (code: string, status: number): Answer => ({ status, body: `<Error><Code>${code}</Code><Message>${code}</Message></Error>` });

export class DrillAws {
  readonly journal = new Map<string, Item>();
  readonly objects = new Map<string, string>();
  readonly keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  /** Actions that are refused, as `dynamodb:GetItem`. */
  readonly forbidden = new Set<string>();
  private readonly server: Server = createServer((request, response) => void this.serve(request, response));

  get endpoint(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }
  open(): Promise<void> {
    return new Promise((done) => this.server.listen(0, '127.0.0.1', done));
  }
  close(): void {
    this.server.closeAllConnections();
    this.server.close();
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = (await buffer(request)).toString('utf8');
    const target = request.headers['x-amz-target'];
    const [service = '', operation = ''] = typeof target === 'string' ? target.split('.') : [];
    const { status, body: text } = target === undefined ? this.object(request, body) : this.json(service, operation, JSON.parse(body) as never);
    response.writeHead(status, { 'content-type': target === undefined ? 'application/xml' : 'application/x-amz-json-1.0' }).end(text);
  }

  private json(service: string, operation: string, input: { readonly Key?: Item; readonly Item?: Item; readonly Message?: string }): Answer {
    if (this.forbidden.has(operation)) return no('AccessDeniedException');
    const said = (body: object): Answer => ({ status: 200, body: JSON.stringify(body) });
    if (service === 'TrentService') {
      if (operation === 'GetPublicKey') return said({ PublicKey: this.keys.publicKey.export({ type: 'spki', format: 'der' }).toString('base64') });
      return said({ Signature: sign('sha256', Buffer.from(input.Message ?? '', 'base64'), this.keys.privateKey).toString('base64') });
    }
    const id = input.Key?.['id']?.S ?? input.Item?.['id']?.S ?? '';
    const present = this.journal.get(id);
    if (operation === 'GetItem') return said(present === undefined ? {} : { Item: present });
    // The claim of the one place: free, or this run's own.
    if (present !== undefined && present['run']?.S !== input.Item?.['run']?.S) return no('ConditionalCheckFailedException');
    this.journal.set(id, input.Item ?? {});
    return said({});
  }

  private object({ method = '', url = '', headers }: IncomingMessage, body: string): Answer {
    const { pathname, searchParams } = new URL(url, 'http://s3');
    const name = decodeURIComponent(pathname.split('/').slice(2).join('/'));
    if (method === 'PUT') {
      if (this.objects.has(name) && headers['if-none-match'] === '*') return notS3('PreconditionFailed', 412);
      this.objects.set(name, body);
      return { status: 200, body: '' };
    }
    if (name !== '') return this.objects.has(name) ? { status: 200, body: this.objects.get(name) ?? '' } : notS3('NoSuchKey', 404);
    const found = [...this.objects.keys()].filter((key) => key.startsWith(searchParams.get('prefix') ?? ''));
    const contents = found.map((key) => `<Contents><Key>${key}</Key></Contents>`).join('');
    return { status: 200, body: `<ListBucketResult><IsTruncated>false</IsTruncated>${contents}</ListBucketResult>` };
  }
}
