/** The approver's side: signs a request to STS that names what is agreed to, and does not send it. */
import { Sha256 } from '@smithy/core/checksum';
import { SignatureV4 } from '@smithy/signature-v4';
import type { Approval, ApprovalRequest } from '../../lib/failover/approval';
import { IDENTITY_BODY, IDENTITY_HEADERS, STATEMENT_HEADER, statementOf, type SignedIdentity } from '../../lib/failover/approval-token';

export interface Signer {
  /** Of STS in the target region: the signature is good there only. */
  readonly endpoint: string;
  readonly region: string;
  /** Who he says he is, for people who read the item. */
  readonly claims: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string; readonly sessionToken?: string };
}

export const signIdentity = async (
  request: Pick<ApprovalRequest, 'environment' | 'attempt' | 'epoch'>,
  verdict: Approval['verdict'],
  { endpoint, region, claims, credentials }: Signer,
): Promise<SignedIdentity> => {
  const { protocol, host, hostname, port } = new URL(endpoint);
  // Without a header of the body's checksum: the body is the same for everybody, and part of every signature.
  const signer = new SignatureV4({ service: 'sts', region, credentials, sha256: Sha256, applyChecksum: false });
  const headers = { ...IDENTITY_HEADERS, host, [STATEMENT_HEADER]: statementOf(request, verdict) };
  const signed = await signer.sign({
    method: 'POST',
    protocol,
    hostname,
    ...(port === '' ? {} : { port: Number(port) }),
    path: '/',
    query: {},
    headers,
    body: IDENTITY_BODY,
  });
  return {
    verdict,
    attempt: request.attempt,
    epoch: request.epoch,
    at: Date.now(),
    claims,
    authorization: signed.headers['authorization'] ?? '',
    date: signed.headers['x-amz-date'] ?? '',
    token: signed.headers['x-amz-security-token'] ?? null,
  };
};
