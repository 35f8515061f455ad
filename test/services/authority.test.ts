import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { authorityViolations } from '../../lib/services/authority';
import { defineEnvironment } from '../../lib/topology/define';
import { environmentWith } from '../topology/fixtures';

const folder = mkdtempSync(join(tmpdir(), 'authority-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A certificate signed by itself, valid for ten days from now. */
const certificate = (name: string, authority: boolean): string => {
  const [key, file] = [join(folder, `${name}.key`), join(folder, `${name}.crt`)];
  const made = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '10'];
  const extension = ['-addext', `basicConstraints=critical,CA:${authority ? 'TRUE' : 'FALSE'}`];
  execFileSync('openssl', [...made, ...extension, '-subj', `/CN=${name}`, '-keyout', key, '-out', file], { stdio: 'pipe' });
  return readFileSync(file, 'utf8');
};
const findings = (authority: string, now: Date): readonly string[] =>
  authorityViolations(defineEnvironment(environmentWith({ edge: { clientCertificates: { authority } } })), now).map(({ rule, given }) => `${rule}: ${given}`);
const inDays = (days: number): Date => new Date(Date.now() + days * 86_400_000);

const authority = certificate('partners', true);
const leaf = certificate('client', false);

test('an authority that is valid is accepted, and so are two', () => expect(findings(authority + authority, inDays(1))).toEqual([]));
test('an expired one is refused', () =>
  expect(findings(authority, inDays(11))).toEqual([expect.stringMatching(/authority-is-valid: CN=partners, expired on/)]));
test('one that is not valid yet is refused', () => expect(findings(authority, inDays(-1))).toEqual([expect.stringMatching(/valid from .* on/)]));
test('a certificate signed by itself that is no authority is refused', () =>
  expect(findings(leaf, inDays(1))).toEqual([expect.stringMatching(/CN=client, which is signed by itself and no authority/)]));
test('each certificate is looked at', () => expect(findings(authority + leaf, inDays(1))).toHaveLength(1));
test('a text in PEM that is no certificate is refused', () =>
  expect(findings('-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n', inDays(1))).toEqual([
    expect.stringMatching(/certificate 1, which can't be read/),
  ]));
test('an environment without any has nothing to refuse', () => expect(authorityViolations(defineEnvironment(environmentWith({})), new Date())).toEqual([]));
