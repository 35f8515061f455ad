/**
 * Evidence: a drill's report, and a statement about it that is signed. The statement is small (KMS signs messages of 4096 bytes at most) and carries the report's
 * SHA-256; the file is written in canonical form, so that not one byte of it can be changed without being seen.
 */
import { createHash, createPublicKey, sign as signWith, verify as verifyWith, type KeyObject } from 'node:crypto';
import { canonical } from './canonical';
import type { ProofVerdict } from './proof';

export const EVIDENCE_SCHEMA = 'holdfast/drill-evidence/1';
/** KMS' limit for a message that it hashes itself. */
export const LONGEST_STATEMENT = 4096;

/** What is signed. */
export interface EvidenceStatement {
  readonly schema: typeof EVIDENCE_SCHEMA;
  readonly drill: string;
  /** Which environment it is evidence for. */
  readonly environment: string;
  /** Where the drill was run: the same environment, or for an exercise another one, which whoever recorded it answers for. */
  readonly ranIn: string;
  readonly verdict: ProofVerdict;
  /** ISO 8601: when the drill began. */
  readonly startedAt: string;
  /** ISO 8601: when it was signed, by the signer's clock. */
  readonly recordedAt: string;
  /** Who recorded it: a person, or the function that ran the drill. */
  readonly recordedBy: string;
  /** Who agreed to the run, or null: nobody had to. */
  readonly approvedBy: string | null;
  /** `sha256:` and 64 hexadecimal digits, of the report's canonical bytes. */
  readonly reportDigest: string;
}

export interface EvidenceSignature {
  readonly algorithm: 'ECDSA_SHA_256';
  /** `sha256:` of the public key's DER (SubjectPublicKeyInfo). */
  readonly keyId: string;
  /** DER of the public key, base64. */
  readonly publicKey: string;
  /** DER of the signature over the statement's canonical bytes, base64. */
  readonly value: string;
}

export interface Evidence {
  readonly statement: EvidenceStatement;
  readonly signature: EvidenceSignature;
  readonly report: unknown;
}

/** Signs bytes with ECDSA on P-256 over their SHA-256; a key in a file, or KMS. */
export interface EvidenceSigner {
  readonly publicKey: () => Promise<KeyObject>;
  /** @returns the signature's DER */
  readonly sign: (message: Uint8Array) => Promise<Uint8Array>;
}

const sha256 = (bytes: Uint8Array | string): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
const derOf = (key: KeyObject): Buffer => key.export({ type: 'spki', format: 'der' });

/** The public key's name. */
export const fingerprint = (key: KeyObject): string => sha256(derOf(key));

/** @throws Error unless the key is ECC on P-256 */
export const requireP256 = (key: KeyObject): KeyObject => {
  if (key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails?.namedCurve === 'prime256v1') return key;
  throw new Error(
    `given a key of type ${key.asymmetricKeyType ?? key.type}; allowed: ECC on the curve P-256; make one with: openssl ecparam -name prime256v1 -genkey -noout`,
  );
};

/** A key that lies in a file. */
export const fileSigner = (privateKey: KeyObject): EvidenceSigner => ({
  publicKey: () => Promise.resolve(createPublicKey(requireP256(privateKey))),
  sign: (message) => Promise.resolve(signWith('sha256', message, requireP256(privateKey))),
});

/** The digest of a report as a statement carries it. */
export const reportDigest = (report: unknown): string => sha256(canonical(report));

/**
 * Signs a report. The result is the file's whole text.
 * @throws Error when the statement is too long to be signed by KMS
 */
export const signEvidence = async (report: unknown, about: Omit<EvidenceStatement, 'schema' | 'reportDigest'>, signer: EvidenceSigner): Promise<string> => {
  const statement: EvidenceStatement = { schema: EVIDENCE_SCHEMA, ...about, reportDigest: reportDigest(report) };
  const message = Buffer.from(canonical(statement));
  if (message.length > LONGEST_STATEMENT)
    throw new Error(`the statement has ${message.length} bytes; KMS signs at most ${LONGEST_STATEMENT}: shorten recordedBy or approvedBy`);
  const key = requireP256(await signer.publicKey());
  const signature: EvidenceSignature = {
    algorithm: 'ECDSA_SHA_256',
    keyId: fingerprint(key),
    publicKey: derOf(key).toString('base64'),
    value: Buffer.from(await signer.sign(message)).toString('base64'),
  };
  return `${canonical({ statement, signature, report })}\n`;
};

/** `genuine`: intact, and signed by a key that is trusted. `untrusted`: intact, but by a key that nobody vouched for. `tampered`: not what was signed. */
export type EvidenceCheck =
  { readonly kind: 'genuine' | 'untrusted'; readonly evidence: Evidence; readonly because: string } | { readonly kind: 'tampered'; readonly because: string };

const tampered = (because: string): EvidenceCheck => ({ kind: 'tampered', because });

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null && !Array.isArray(value);
const TEXTS = ['drill', 'environment', 'ranIn', 'startedAt', 'recordedAt', 'recordedBy', 'reportDigest'] as const;

/** Besides the statement, which is signed as a whole, nothing may be added: it would be no part of what was signed. */
const hasOnly = (value: object, keys: readonly string[]): boolean => Object.keys(value).every((key) => keys.includes(key));

const isEvidence = (value: unknown): value is Evidence => {
  if (!isRecord(value) || !isRecord(value['statement']) || !isRecord(value['signature']) || !('report' in value)) return false;
  const { statement, signature } = value;
  return (
    hasOnly(value, ['statement', 'signature', 'report']) &&
    hasOnly(signature, ['algorithm', 'keyId', 'publicKey', 'value']) &&
    statement['schema'] === EVIDENCE_SCHEMA &&
    TEXTS.every((key) => typeof statement[key] === 'string') &&
    ['pass', 'unknown', 'fail'].includes(String(statement['verdict'])) &&
    (statement['approvedBy'] === null || typeof statement['approvedBy'] === 'string') &&
    signature['algorithm'] === 'ECDSA_SHA_256' &&
    ['keyId', 'publicKey', 'value'].every((key) => typeof signature[key] === 'string')
  );
};

/** Whether a text is evidence at all, sound or not. */
export const looksLikeEvidence = (value: unknown): boolean => isRecord(value) && 'statement' in value && 'signature' in value;

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

const keyOf = ({ publicKey }: EvidenceSignature): KeyObject | null => {
  try {
    return requireP256(createPublicKey({ key: Buffer.from(publicKey, 'base64'), type: 'spki', format: 'der' }));
  } catch {
    return null;
  }
};

/** Base64 has spare bits: a text that does not come back as it was is not what was written. */
const isExactBase64 = (text: string): boolean => Buffer.from(text, 'base64').toString('base64') === text;

/** What the report says of itself must be what the statement says of it. */
const contradiction = ({ statement, report }: Evidence): string | null => {
  if (!isRecord(report)) return 'the report is no object';
  const verdict = isRecord(report['summary']) ? report['summary']['verdict'] : undefined;
  const pairs = [
    ['drill', report['drill'], statement.drill],
    ['environment', report['environment'], statement.ranIn],
    ['startedAt', report['startedAt'], statement.startedAt],
    ['verdict', verdict, statement.verdict],
  ] as const;
  const wrong = pairs.find(([, said, signed]) => said !== signed);
  return wrong === undefined ? null : `the report's ${wrong[0]} is ${JSON.stringify(wrong[1])}, the statement's ${JSON.stringify(wrong[2])}`;
};

/** Checks a file's text against the keys that are trusted, by their fingerprints. */
export const checkEvidence = (text: string, trusted: readonly string[]): EvidenceCheck => {
  const value = parse(text);
  if (!isEvidence(value)) return tampered(`it is no evidence of the format ${EVIDENCE_SCHEMA}`);
  const { statement, signature, report } = value;
  if (`${canonical(value)}\n` !== text) return tampered('its bytes are not the canonical ones: something was added, removed or written differently');
  if (reportDigest(report) !== statement.reportDigest) return tampered('the report is not the one that was signed');
  const key = keyOf(signature);
  if (key === null || !isExactBase64(signature.publicKey)) return tampered('the public key in it is none');
  if (fingerprint(key) !== signature.keyId) return tampered('the key is not the one that it is named after');
  if (!isExactBase64(signature.value) || !verifyWith('sha256', Buffer.from(canonical(statement)), key, Buffer.from(signature.value, 'base64')))
    return tampered('the signature is not one of its statement');
  const wrong = contradiction(value);
  if (wrong !== null) return tampered(wrong);
  return trusted.includes(signature.keyId)
    ? { kind: 'genuine', evidence: value, because: `signed by ${signature.keyId}, which is trusted` }
    : { kind: 'untrusted', evidence: value, because: `intact, but signed by ${signature.keyId}, and nobody said that this key is trusted` };
};

/** Where a piece of evidence lies in its folder or bucket: `production/az-lost/2026-11-25T08-00-00Z.json`. */
export const evidenceName = ({ environment, drill, startedAt }: Pick<EvidenceStatement, 'environment' | 'drill' | 'startedAt'>): string =>
  `${environment}/${drill}/${startedAt.replace(/[:.]/g, '-')}.json`;
