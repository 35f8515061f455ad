/** What a user of the backend does: signs requests, and receipts. */
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { receiptText } from '../../../examples/backend/http/receipts';
import { didOf } from '../../../examples/backend/users/did';
import { signedText } from '../../../examples/backend/users/gate';

export interface User {
  readonly did: string;
  readonly key: KeyObject;
}

export const newUser = (): User => {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  return { did: didOf(publicKey.export({ format: 'der', type: 'spki' }).subarray(-32)), key: privateKey };
};

const signature = ({ key }: User, text: string): string => sign(null, Buffer.from(text), key).toString('base64url');

export const signedHeaders = (user: User, method: string, url: string, body: string, now = Date.now()): Record<string, string> => ({
  'x-user': user.did,
  'x-timestamp': String(now),
  'x-signature': signature(user, signedText(method, url, String(now), Buffer.from(body))),
});

export const receiptBy = (user: User, nonce: string, result = 'a'.repeat(64)) => ({
  nonce,
  submitter: user.did,
  result,
  signature: signature(user, receiptText({ nonce, result })),
});
