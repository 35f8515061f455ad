/** Evidence and reports of drills in a folder, and what they prove. */
import { createPublicKey, type KeyObject } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { readReport } from '../../lib/drill/report';
import { checkEvidence, fingerprint, looksLikeEvidence, requireP256 } from '../../lib/operations/drills/evidence';
import { isScenario, proofOf, type Proof } from '../../lib/operations/drills/proof';
import { UsageError } from '../exit';

/** What a file turned out to be. */
export type Reading =
  | { readonly kind: 'proof'; readonly proof: Proof }
  /** It is evidence, and proves nothing: not what was signed, or by a key that nobody trusts. */
  | { readonly kind: 'rejected'; readonly file: string; readonly because: string; readonly tampered: boolean }
  /** Neither evidence nor a report. */
  | { readonly kind: 'other'; readonly file: string };

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** @throws UsageError when the file holds no key that could have signed evidence */
export const publicKeyIn = (file: string): KeyObject => {
  try {
    return requireP256(createPublicKey(readFileSync(file)));
  } catch (error) {
    throw new UsageError(`--key ${file}: ${messageOf(error)}; allowed: a public or private key on the curve P-256 in PEM`);
  }
};

export const trustedKeys = (files: readonly string[]): readonly string[] => files.map((file) => fingerprint(publicKeyIn(file)));

const jsonIn = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // not JSON: no report and no evidence
  }
};

const labProof = (text: string, file: string): Reading => {
  try {
    const { drill, environment, startedAt, summary } = readReport(text);
    if (!isScenario(drill)) return { kind: 'rejected', file, because: `the drill "${drill}" is not in the catalogue`, tampered: false };
    return { kind: 'proof', proof: { drill, environment, ranIn: environment, at: startedAt, verdict: summary.verdict, kind: 'lab', source: file } };
  } catch (error) {
    return { kind: 'rejected', file, because: messageOf(error), tampered: false };
  }
};

/** @param trusted fingerprints */
export const readingOf = (file: string, text: string, trusted: readonly string[]): Reading => {
  const value = jsonIn(text);
  if (looksLikeEvidence(value)) {
    const check = checkEvidence(text, trusted);
    if (check.kind !== 'genuine') return { kind: 'rejected', file, because: check.because, tampered: check.kind === 'tampered' };
    const proof = proofOf(check.evidence.statement, file);
    return typeof proof === 'string' ? { kind: 'rejected', file, because: proof, tampered: false } : { kind: 'proof', proof };
  }
  const schema = typeof value === 'object' && value !== null && 'schema' in value ? value.schema : undefined;
  return typeof schema === 'string' && schema.startsWith('holdfast/drill-report/') ? labProof(text, file) : { kind: 'other', file };
};

/** Reports count only where they lie in the folder itself: below it are experiments (docs/measurements), not proofs. */
const isSeries = (folder: string, file: string): boolean => dirname(file) === folder;

const filesBelow = (folder: string): readonly string[] =>
  readdirSync(folder, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return filesBelow(path);
      return entry.isFile() && entry.name.endsWith('.json') ? [path] : [];
    });

/** Every JSON file below the folders. @throws UsageError when one of them is no folder */
export const readFolders = (folders: readonly string[], trusted: readonly string[]): readonly Reading[] =>
  folders
    .map((folder) => normalize(folder).replace(/\/$/, ''))
    .flatMap((folder) => {
      const isFolder = statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true;
      if (!isFolder) throw new UsageError(`--from ${folder}: given something that is no folder; allowed: a folder with evidence or reports`);
      return filesBelow(folder)
        .map((file) => readingOf(file, readFileSync(file, 'utf8'), trusted))
        .filter((reading) => reading.kind !== 'proof' || reading.proof.kind === 'signed' || isSeries(folder, reading.proof.source));
    });
