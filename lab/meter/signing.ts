/** Users who sign their requests with Ed25519, as the reference backend verifies them (examples/backend). */
import { createHash, generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';
import bs58 from 'bs58';

export interface User {
  /** `did:key:z6Mk...` */
  readonly did: string;
  readonly key: KeyObject;
}

/** Multicodec of an Ed25519 public key. */
const ED25519 = Buffer.from([0xed, 0x01]);
const RAW_KEY_BYTES = 32;

export const newUser = (): User => {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const raw = publicKey.export({ type: 'spki', format: 'der' }).subarray(-RAW_KEY_BYTES);
  return { did: `did:key:z${bs58.encode(Buffer.concat([ED25519, raw]))}`, key: privateKey };
};

/** Of one attempt: the time is in it, so each needs its own. */
export const signedHeaders = ({ did, key }: User, method: string, path: string, body = '', timestamp = Date.now()): Readonly<Record<string, string>> => {
  const digest = createHash('sha256').update(body).digest('hex');
  const signature = sign(null, Buffer.from(`${method}\n${path}\n${timestamp}\n${digest}`), key).toString('base64url');
  return { 'x-user': did, 'x-timestamp': String(timestamp), 'x-signature': signature };
};

/** A receipt for a challenge's nonce, of somebody new and with a result of its own: the body of a request. */
export const newReceipt = (nonce: string): string => {
  const { did: submitter, key } = newUser();
  const result = createHash('sha256').update(randomBytes(16)).digest('hex');
  const signature = sign(null, Buffer.from(`holdfast-receipt\n${nonce}\n${result}`), key).toString('base64url');
  return JSON.stringify({ nonce, submitter, result, signature });
};
