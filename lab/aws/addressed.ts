/** Whom an AWS request is meant for: the emulator has one address for all services and regions. Pure. */

export interface AwsRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
}

export interface Addressed {
  readonly region: string;
  /** As in the credential scope: `dynamodb`, `s3`, `states`, `lambda`. */
  readonly service: string;
  /** As far as the request's head tells: `UpdateItem`, `Invoke`, `GET`. */
  readonly operation: string;
  readonly signed: boolean;
  /** Of a name `<bucket>.s3.<region>.amazonaws.com`. */
  readonly bucket?: string;
}

const CREDENTIAL = /Credential=[^/]+\/\d+\/(?<region>[^/]+)\/(?<service>[^/]+)\/aws4_request/;
const BUCKET_HOST = /^(?<bucket>.+)\.s3[.-](?<region>[a-z]{2}(?:-[a-z]+)+-\d)\.amazonaws\.com(?:\.cn)?$/;
const SERVICE_HOST = /^(?<service>[a-z0-9-]+)\.(?<region>[a-z]{2}(?:-[a-z]+)+-\d)\.amazonaws\.com(?:\.cn)?$/;
const INVOCATION = /^\/2015-03-31\/functions\/[^/]+\/invocations(?:\?|$)/;

const headerOf = ({ headers }: AwsRequest, name: string): string => {
  const { [name]: value } = headers;
  return typeof value === 'string' ? value : (value?.[0] ?? '');
};

const operationOf = (request: AwsRequest): string => {
  const target = headerOf(request, 'x-amz-target');
  if (target !== '') return target.split('.').pop() ?? target;
  return INVOCATION.test(request.url) ? 'Invoke' : request.method;
};

/** @returns undefined for a request that names neither region nor service: AWS would not know where to send it either */
export const addressedTo = (request: AwsRequest): Addressed | undefined => {
  const host = headerOf(request, 'host').replace(/:\d+$/, '');
  const inHost = BUCKET_HOST.exec(host)?.groups;
  const bucket = inHost?.['bucket'] === undefined ? {} : { bucket: inHost['bucket'] };
  const operation = operationOf(request);
  const scope = CREDENTIAL.exec(headerOf(request, 'authorization'))?.groups;
  if (scope?.['region'] !== undefined && scope['service'] !== undefined)
    return { region: scope['region'], service: scope['service'], operation, signed: true, ...bucket };
  if (inHost?.['region'] !== undefined) return { region: inHost['region'], service: 's3', operation, signed: false, ...bucket };
  const named = SERVICE_HOST.exec(host)?.groups;
  if (named?.['region'] === undefined || named['service'] === undefined) return undefined;
  return { region: named['region'], service: named['service'], operation, signed: false };
};

/** The function's name of an invocation, which may be given by ARN; undefined: it is none. */
export const invokedFunction = (url: string): string | undefined => {
  if (!INVOCATION.test(url)) return undefined;
  const name = decodeURIComponent(url.split('/')[3] ?? '');
  const inArn = /^(?:arn:[^:]+:lambda:[^:]+:\d+:)?(?:\d+:)?(?:function:)?(?<name>[A-Za-z0-9_-]+)(?::[^:]+)?$/.exec(name)?.groups?.['name'];
  return inArn ?? name;
};

/** The same request to another region's service: signatures are not checked behind us. */
export const withRegion = (authorization: string, region: string): string =>
  authorization.replace(CREDENTIAL, (text, from: string, service: string) => text.replace(`/${from}/${service}/`, `/${region}/${service}/`));
