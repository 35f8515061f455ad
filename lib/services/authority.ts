/** The authority of client certificates, looked into: who is trusted by mistake is trusted by every load balancer. */
import { X509Certificate } from 'node:crypto';
import type { Environment } from '../topology/types';
import type { Violation } from '../topology/violation';

const PATH = 'edge.clientCertificates.authority';
const BLOCK = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

const read = (pem: string): X509Certificate | undefined => {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
};

const day = (date: Date): string => date.toISOString().slice(0, 10);
const nameOf = ({ subject }: X509Certificate): string => subject.replace(/\n/g, ', ');

const finding = (rule: string, given: string, allowed: string, fix: string): Violation => ({ rule, path: PATH, given, allowed, fix });

const judge = (certificate: X509Certificate, now: Date): readonly Violation[] => {
  const [from, to] = [new Date(certificate.validFrom), new Date(certificate.validTo)];
  const name = nameOf(certificate);
  const selfSigned = certificate.checkIssued(certificate) && certificate.verify(certificate.publicKey);
  if (!certificate.ca) {
    const what = selfSigned ? `the certificate ${name}, which is signed by itself and no authority` : `the certificate ${name}, which is no authority`;
    return [finding('authority-is-an-authority', what, 'certificates with basicConstraints CA:TRUE', 'copy the certificate that issued it')];
  }
  if (to <= now) {
    return [
      finding('authority-is-valid', `${name}, expired on ${day(to)}`, 'certificates that are valid', 'issue it anew, and write both while clients change over'),
    ];
  }
  if (from > now) return [finding('authority-is-valid', `${name}, valid from ${day(from)} on`, 'certificates that are valid', 'deploy it when it is')];
  return [];
};

/** Everything that is wrong with the environment's authority at `now`; empty where it has none, or one whose text is no PEM (a rule of the model says that). */
export const authorityViolations = ({ edge }: Pick<Environment, 'edge'>, now: Date): readonly Violation[] => {
  const authority = edge?.clientCertificates?.authority;
  if (authority === undefined) return [];
  return (authority.match(BLOCK) ?? []).flatMap((pem, i) => {
    const certificate = read(pem);
    return certificate === undefined
      ? [finding('authority-is-an-authority', `certificate ${i + 1}, which can't be read`, 'X.509 certificates in PEM', 'copy it again, complete')]
      : judge(certificate, now);
  });
};
