/** Whether a certificate may be put where clients see it: looked at before it is installed, because afterwards they are the ones who find out. */
import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto';

const PEM = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** @throws Error when a block is no certificate */
export const certificatesIn = (pem: string): readonly X509Certificate[] => (pem.match(PEM) ?? []).map((block) => new X509Certificate(block));

export interface ChainToVerify {
  /** PEM: the certificate first, then who signed it, and so on; without the root or with it. */
  readonly chain: string;
  /** PEM. Null: only what is served is known, not the key behind it. */
  readonly key: string | null;
  /** Names that it must be good for. */
  readonly names: readonly string[];
  /** Roots that clients trust. */
  readonly roots: readonly X509Certificate[];
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** A chain that is no longer than this is no accident. */
const LONGEST_CHAIN = 10;

const isSelfSigned = (certificate: X509Certificate): boolean => certificate.checkIssued(certificate) && certificate.verify(certificate.publicKey);
const isSignedBy = (certificate: X509Certificate, issuer: X509Certificate): boolean =>
  issuer.ca && certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
const subjectOf = (certificate: X509Certificate): string => certificate.subject.replaceAll('\n', ', ') || '(no subject)';

/** Names of a certificate that are DNS names, lower-case. */
export const namesOf = (certificate: X509Certificate): readonly string[] =>
  [...(certificate.subjectAltName ?? '').matchAll(/DNS:([^,\s"]+)/g)].map(([, name = '']) => name.toLowerCase());

/** `*.example.com` on a certificate covers itself, and every name one label below. */
const covers = (certificate: X509Certificate, name: string): boolean =>
  name.startsWith('*.') ? namesOf(certificate).includes(name) : certificate.checkHost(name, { subject: 'never' }) !== undefined;

const validityProblems = (certificate: X509Certificate, what: string, now: number): readonly string[] => {
  const [from, to] = [Date.parse(certificate.validFrom), Date.parse(certificate.validTo)];
  if (to <= now) return [`${what} has expired: it was good until ${new Date(to).toISOString()}`];
  return from > now ? [`${what} is not good yet: it begins ${new Date(from).toISOString()}`] : [];
};

/** Follows the signatures from the certificate to a trusted root. */
const pathProblems = (leaf: X509Certificate, others: readonly X509Certificate[], roots: readonly X509Certificate[], now: number): readonly string[] => {
  let current = leaf;
  for (let length = 0; length < LONGEST_CHAIN; length++) {
    if (roots.some((root) => root.fingerprint256 === current.fingerprint256)) return [];
    const root = roots.find((candidate) => isSignedBy(current, candidate));
    if (root !== undefined) return validityProblems(root, `the root ${subjectOf(root)}`, now);
    const issuer = others.find((candidate) => candidate.fingerprint256 !== current.fingerprint256 && isSignedBy(current, candidate));
    if (issuer === undefined) return [`the chain ends at "${subjectOf(current)}", and none of the ${roots.length} trusted roots has signed that`];
    const invalid = validityProblems(issuer, `the intermediate ${subjectOf(issuer)}`, now);
    if (invalid.length > 0) return invalid;
    current = issuer;
  }
  return [`the chain is longer than ${LONGEST_CHAIN} certificates`];
};

const keyProblems = (leaf: X509Certificate, key: string): readonly string[] => {
  try {
    // The public halves are compared: checkPrivateKey says no to keys that it cannot read, too.
    const mine = createPublicKey(createPrivateKey(key)).export({ type: 'spki', format: 'der' });
    return mine.equals(leaf.publicKey.export({ type: 'spki', format: 'der' })) ? [] : ['the private key is not the certificate’s'];
  } catch (error) {
    return [`the private key can’t be read: ${error instanceof Error ? error.message : String(error)}`];
  }
};

/** Everything that speaks against it, none when it may be installed. */
export const chainProblems = ({ chain, key, names, roots, now }: ChainToVerify): readonly string[] => {
  let certificates: readonly X509Certificate[];
  try {
    certificates = certificatesIn(chain);
  } catch (error) {
    return [`the chain can’t be read: ${error instanceof Error ? error.message : String(error)}`];
  }
  const [leaf, ...others] = certificates;
  if (leaf === undefined) return ['there is no certificate in it'];
  const missing = names.filter((name) => !covers(leaf, name));
  return [
    ...validityProblems(leaf, 'the certificate', now),
    ...(leaf.ca ? ['it is an authority’s certificate, not a server’s'] : []),
    ...(missing.length === 0 ? [] : [`it is not good for ${missing.join(', ')}, only for ${namesOf(leaf).join(', ') || 'no name'}`]),
    ...(key === null ? [] : keyProblems(leaf, key)),
    ...(isSelfSigned(leaf) ? ['it is signed by itself: no client has a reason to trust it'] : pathProblems(leaf, others, roots, now)),
  ];
};

export interface CertificateSummary {
  /** Milliseconds since the epoch. */
  readonly notBefore: number;
  readonly notAfter: number;
  readonly names: readonly string[];
  readonly issuer: string;
  readonly serialNumber: string;
  /** SHA-256, as OpenSSL writes it. */
  readonly fingerprint: string;
}

/** @throws Error when there is no certificate in it */
export const summaryOf = (chain: string): CertificateSummary => {
  const [leaf] = certificatesIn(chain);
  if (leaf === undefined) throw new Error('there is no certificate in it');
  return {
    notBefore: Date.parse(leaf.validFrom),
    notAfter: Date.parse(leaf.validTo),
    names: namesOf(leaf),
    issuer: leaf.issuer.replaceAll('\n', ', '),
    serialNumber: leaf.serialNumber,
    fingerprint: leaf.fingerprint256,
  };
};
