/**
 * Is a request signed with a key that we know the secret of? The emulator looks at no signature; for who somebody is, that would let everybody be anybody. Computed anew
 * with the secret, by the signer that the SDK itself uses.
 */
import { Sha256 } from '@smithy/core/checksum';
import { SignatureV4 } from '@smithy/signature-v4';
import type { IncomingHttpHeaders } from 'node:http';

export interface SignedRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface KeyPair {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

interface Authorization {
  readonly accessKeyId: string;
  readonly region: string;
  readonly service: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
}

const FORM = /^AWS4-HMAC-SHA256 Credential=([^/]+)\/\d{8}\/([^/]+)\/([^/]+)\/aws4_request, ?SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})$/;

export const authorizationOf = (header: string | undefined): Authorization | undefined => {
  const [, accessKeyId, region, service, signed, signature] = FORM.exec(header ?? '') ?? [];
  if (accessKeyId === undefined || region === undefined || service === undefined || signed === undefined || signature === undefined) return undefined;
  return { accessKeyId, region, service, signedHeaders: signed.split(';'), signature };
};

/** `20260131T120000Z` */
const timeOf = (date: string): number => Date.parse(date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));

/** AWS refuses a signature that is older or newer. Milliseconds. */
const GOOD_FOR = 5 * 60_000;

export type SignatureVerdict = 'right' | 'wrong' | 'expired' | 'unknown key';

/** @param keys by access key id */
export const judgeSignature = async (request: SignedRequest, keys: ReadonlyMap<string, KeyPair>, now: number): Promise<SignatureVerdict> => {
  const claimed = authorizationOf(request.headers.authorization);
  const { 'x-amz-date': date } = request.headers;
  if (claimed === undefined || typeof date !== 'string') return 'wrong';
  const credentials = keys.get(claimed.accessKeyId);
  if (credentials === undefined) return 'unknown key';
  const signedAt = timeOf(date);
  if (!(Math.abs(now - signedAt) <= GOOD_FOR)) return 'expired';
  return (await signatureOf(request, claimed, credentials, new Date(signedAt))) === claimed.signature ? 'right' : 'wrong';
};

const signatureOf = async (
  { method, url, headers, body }: SignedRequest,
  { region, service, signedHeaders }: Authorization,
  credentials: KeyPair,
  signingDate: Date,
): Promise<string | undefined> => {
  const { pathname, searchParams } = new URL(url, 'https://aws');
  const named = signedHeaders.map((name) => [name, headers[name]] as const).filter(([name]) => name !== 'x-amz-date');
  const given = Object.fromEntries(named.map(([name, value]) => [name, Array.isArray(value) ? value.join(',') : (value ?? '')]));
  const signer = new SignatureV4({ service, region, credentials, sha256: Sha256, applyChecksum: false });
  const signed = await signer.sign(
    { method, protocol: 'https:', hostname: headers.host ?? '', path: pathname, query: Object.fromEntries(searchParams), headers: given, body },
    { signingDate, signableHeaders: new Set(signedHeaders) },
  );
  return authorizationOf(signed.headers['authorization'])?.signature;
};
