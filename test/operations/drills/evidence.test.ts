import { createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { canonical } from '../../../lib/operations/drills/canonical';
import { checkEvidence, fileSigner, fingerprint, LONGEST_STATEMENT, signEvidence, type Evidence } from '../../../lib/operations/drills/evidence';

const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const other = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const trusted = [fingerprint(pair.publicKey)];
const report = {
  drill: 'az-lost',
  environment: 'shop',
  startedAt: '2026-11-25T08:00:00Z',
  runs: [{ gapSeconds: 12.5, notes: ['ä "quoted" \u2028'] }],
  summary: { verdict: 'pass' },
};
const about = {
  drill: 'az-lost',
  environment: 'shop',
  ranIn: 'shop',
  verdict: 'pass',
  startedAt: report.startedAt,
  recordedAt: '2026-11-25T08:30:00Z',
  recordedBy: 'alice',
  approvedBy: null,
} as const;
const signed = (): Promise<string> => signEvidence(report, about, fileSigner(pair.privateKey));
const kindOf = (text: string, keys: readonly string[] = trusted): string => checkEvidence(text, keys).kind;
const rewritten = async (change: (evidence: Evidence) => unknown): Promise<string> => `${canonical(change(JSON.parse(await signed()) as Evidence))}\n`;

describe('canonical JSON', () => {
  // The example of RFC 8785, section 3.2.2.
  test('is that of RFC 8785', () =>
    expect(
      canonical({
        numbers: [Number('333333333.33333329'), 1e30, 4.5, 2e-3, 0.000000000000000000000000001],
        string: '€$\u000F\nA\'B"\\\\"/',
        literals: [null, true, false],
      }),
    ).toBe('{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'));
  test('sorts keys by their UTF-16 code units', () =>
    expect(Object.keys(JSON.parse(canonical({ '\u20ac': 1, '\r': 2, '\ufb33': 3, '\ud83d\ude00': 4, '\u0080': 5, ö: 6 })) as object)).toEqual([
      '\r',
      '\u0080',
      'ö',
      '\u20ac',
      '\ud83d\ude00',
      '\ufb33',
    ]));
  test.each([[Number.NaN], [Number.POSITIVE_INFINITY], ['\ud800'], [[undefined]], [new Date(0)], [10n]])(
    'refuses %p, which would be read back as something else',
    (value) => expect(() => canonical({ value })).toThrow(TypeError),
  );
});

describe('evidence', () => {
  test('is genuine when it is as it was signed, by a key that is trusted', async () => expect(kindOf(await signed())).toBe('genuine'));
  test('is no more than intact when nobody trusts the key', async () => expect(kindOf(await signed(), [fingerprint(other.publicKey)])).toBe('untrusted'));

  test('is tampered with if any one of its bytes is another', async () => {
    const text = await signed();
    const bytes = Buffer.from(text);
    const unseen = Array.from(bytes.keys()).filter((i) => {
      const changed = Buffer.from(bytes);
      changed[i] = (changed[i] ?? 0) ^ 1;
      return kindOf(changed.toString('latin1') === bytes.toString('latin1') ? text : changed.toString('utf8')) !== 'tampered';
    });
    expect(bytes.length).toBeGreaterThan(800);
    expect(unseen).toEqual([]);
  });

  test.each<[string, (text: string) => string]>([
    ['a byte is missing', (text) => text.slice(0, -1)],
    ['a byte was added', (text) => `${text} `],
    ['it is written differently', (text) => JSON.stringify(JSON.parse(text), null, 2)],
    ['a key was added', (text) => text.replace('{"report":', '{"remark":"looks fine","report":')],
    ['a key was added to the signature', (text) => text.replace('"publicKey":', '"note":"signed twice","publicKey":')],
    ['a key is there twice', (text) => text.replace('"drill":"az-lost"', '"drill":"az-lost","drill":"az-lost"')],
    ['it is empty', () => ''],
    ['it is no JSON', () => 'evidence'],
    ['it is another JSON', () => '{"statement":{},"signature":{},"report":{}}\n'],
  ])('is tampered with when %s', async (_, change) => expect(kindOf(change(await signed()))).toBe('tampered'));

  test('a better report under an old signature is found', async () => {
    const text = await rewritten((e) => ({ ...e, report: { ...report, runs: [{ gapSeconds: 0.5 }] } }));
    expect(checkEvidence(text, trusted)).toMatchObject({ kind: 'tampered', because: expect.stringContaining('not the one that was signed') });
  });

  test('a statement that was changed together with its report is found', async () => {
    const forged = { ...report, summary: { verdict: 'fail' } };
    const again = JSON.parse(await signEvidence(forged, { ...about, verdict: 'fail' }, fileSigner(other.privateKey))) as Evidence;
    const text = await rewritten((e) => ({ ...again, signature: { ...again.signature, keyId: e.signature.keyId, publicKey: e.signature.publicKey } }));
    expect(checkEvidence(text, trusted)).toMatchObject({ kind: 'tampered', because: expect.stringContaining('not one of its statement') });
  });

  test('a forger’s own key does not become the trusted one by its name', async () => {
    const text = `${canonical({ ...(JSON.parse(await signEvidence(report, about, fileSigner(other.privateKey))) as Evidence) })}\n`;
    const named = text.replace(fingerprint(other.publicKey), trusted[0] ?? '');
    expect(checkEvidence(named, trusted)).toMatchObject({ kind: 'tampered', because: expect.stringContaining('named after') });
  });

  test('a statement that says another verdict than its report is found, although it is signed', async () => {
    const text = await signEvidence({ ...report, summary: { verdict: 'fail' } }, about, fileSigner(pair.privateKey));
    expect(checkEvidence(text, trusted)).toMatchObject({ kind: 'tampered', because: 'the report\'s verdict is "fail", the statement\'s "pass"' });
  });

  test('is verified by OpenSSL’s rules: what is signed are the statement’s canonical bytes', async () => {
    const evidence = JSON.parse(await signed()) as Evidence;
    const own = sign('sha256', Buffer.from(canonical(evidence.statement)), pair.privateKey);
    const text = await rewritten((e) => ({ ...e, signature: { ...e.signature, value: own.toString('base64') } }));
    expect(kindOf(text)).toBe('genuine');
  });

  test.each([
    ['RSA', generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey],
    ['another curve', generateKeyPairSync('ec', { namedCurve: 'secp384r1' }).privateKey],
    ['Ed25519', generateKeyPairSync('ed25519').privateKey],
  ])('is not signed with %s', async (_, key) =>
    expect(signEvidence(report, about, fileSigner(key))).rejects.toThrow(/allowed: ECC on the curve P-256; make one with: openssl/),
  );

  test('is not signed when KMS could not sign it', async () =>
    expect(signEvidence(report, { ...about, recordedBy: 'x'.repeat(LONGEST_STATEMENT) }, fileSigner(pair.privateKey))).rejects.toThrow(/at most 4096/));

  test('carries a real report of a laboratory', async () => {
    const real = JSON.parse(readFileSync(join(__dirname, '../../../docs/measurements/primary-node-dies.json'), 'utf8')) as {
      drill: string;
      environment: string;
      startedAt: string;
      summary: { verdict: 'pass' };
    };
    const { drill, environment, startedAt, summary } = real;
    const text = await signEvidence(real, { ...about, drill, ranIn: environment, startedAt, verdict: summary.verdict }, fileSigner(pair.privateKey));
    expect(kindOf(text)).toBe('genuine');
    expect(fingerprint(createPublicKey(pair.privateKey))).toBe(trusted[0]);
  });
});
