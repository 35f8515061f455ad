/** The key in KMS that signs evidence. */
import { createPublicKey, type KeyObject } from 'node:crypto';
import { GetPublicKeyCommand, SignCommand, type KMSClient } from '@aws-sdk/client-kms';
import { fingerprint, type EvidenceSigner } from '../../lib/operations/drills/evidence';

/** KMS hashes the message itself: it is small (see lib/operations/drills/evidence.ts). */
export const kmsSigner = (client: Pick<KMSClient, 'send'>, keyId: string): EvidenceSigner => ({
  publicKey: async (): Promise<KeyObject> => {
    const { PublicKey } = await client.send(new GetPublicKeyCommand({ KeyId: keyId }));
    if (PublicKey === undefined) throw new Error(`KMS gave no public key for ${keyId}`);
    return createPublicKey({ key: Buffer.from(PublicKey), type: 'spki', format: 'der' });
  },
  sign: async (message) => {
    const { Signature } = await client.send(new SignCommand({ KeyId: keyId, Message: message, MessageType: 'RAW', SigningAlgorithm: 'ECDSA_SHA_256' }));
    if (Signature === undefined) throw new Error(`KMS gave no signature by ${keyId}`);
    return Signature;
  },
});

/** The environment's own key, and those that the model trusts. */
export const trustedHere = async (signer: EvidenceSigner, others: readonly string[]): Promise<readonly string[]> => [
  fingerprint(await signer.publicKey()),
  ...others,
];
