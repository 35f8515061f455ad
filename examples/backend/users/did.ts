import bs58 from 'bs58';
import { createPublicKey, type KeyObject, verify } from 'node:crypto';

/** `did:key` with Ed25519: the name is the public key, so nobody has to be asked who somebody is. */
const PREFIX = 'did:key:z';
const ED25519_MULTICODEC = Buffer.from([0xed, 0x01]);
const KEY_BYTES = 32;
/** What stands before the 32 bytes of an Ed25519 key in DER (RFC 8410). */
const SPKI_HEADER = Buffer.from('302a300506032b6570032100', 'hex');
export const DID_PATTERN = /^did:key:z6Mk[1-9A-HJ-NP-Za-km-z]{44}$/;
const REMEMBERED = 10_000;

const remembered = new Map<string, KeyObject>();

/** @returns null: not the name of an Ed25519 key */
export const publicKeyOf = (did: string): KeyObject | null => {
  const known = remembered.get(did);
  if (known !== undefined) return known;
  if (!DID_PATTERN.test(did)) return null;
  const bytes = Buffer.from(bs58.decode(did.slice(PREFIX.length)));
  if (bytes.length !== ED25519_MULTICODEC.length + KEY_BYTES || !bytes.subarray(0, ED25519_MULTICODEC.length).equals(ED25519_MULTICODEC)) return null;
  const key = createPublicKey({ key: Buffer.concat([SPKI_HEADER, bytes.subarray(ED25519_MULTICODEC.length)]), format: 'der', type: 'spki' });
  if (remembered.size >= REMEMBERED) remembered.clear();
  remembered.set(did, key);
  return key;
};

/** @param raw the 32 bytes of an Ed25519 public key */
export const didOf = (raw: Uint8Array): string => `${PREFIX}${bs58.encode(Buffer.concat([ED25519_MULTICODEC, raw]))}`;

/** Verifies in a thread of its own pool: a flood of signatures must not hold up the event loop, which also answers probes. */
export const signatureHolds = (key: KeyObject, message: string, signature: string): Promise<boolean> =>
  new Promise((resolve, reject) => {
    verify(null, Buffer.from(message), key, Buffer.from(signature, 'base64url'), (error, holds) => (error === null ? resolve(holds) : reject(error)));
  });
