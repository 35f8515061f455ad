import { parseBlock, type Block } from '../addresses';
import { partitionOf } from '../aws-regions';
import { isRefusal, judgeEntry, ownBlocks, refusesTooMuch } from '../blocklist';
import { rule, when, type Rule } from './rule';

export const blocklistSparesUs: Rule = rule(
  'blocklist-spares-us',
  'The blocklist has CIDRs only, each once, and refuses neither everybody nor ourselves: not our networks, not the health checkers that decide about a failover.',
  (environment) => {
    const { edge } = environment;
    if (edge === null) return [];
    const own = ownBlocks(environment);
    const judged = edge.blocklist.map((entry) => judgeEntry(entry, own));
    const sound = judged.filter((entry): entry is Block => !isRefusal(entry));
    const together = refusesTooMuch(sound);
    return [
      ...judged.flatMap((entry, i) => (isRefusal(entry) ? [{ path: `edge.blocklist[${i}]`, ...entry }] : [])),
      ...(together === null ? [] : [{ path: 'edge.blocklist', ...together }]),
      ...edge.blocklist.flatMap((text, i) => {
        const canonical = parseBlock(text)?.canonical;
        const first = edge.blocklist.findIndex((earlier) => parseBlock(earlier)?.canonical === canonical);
        return when(canonical !== undefined && first < i, () => ({
          path: `edge.blocklist[${i}]`,
          given: `${text}, which is edge.blocklist[${first}] again`,
          allowed: 'each block once',
          fix: 'remove it',
        }));
      }),
    ];
  },
);

const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

export const edgeNamesAreFree: Rule = rule(
  'edge-names-are-free',
  'The edge’s names are labels that differ from each other and from those of dns, which CloudFront asks in turn.',
  ({ edge, dns }) => {
    if (edge === null) return [];
    const { application, writer } = edge.names;
    return [
      ...(['application', 'writer'] as const).flatMap((key) =>
        when(!LABEL.test(edge.names[key]), () => ({
          path: `edge.names.${key}`,
          given: JSON.stringify(edge.names[key]),
          allowed: 'one label of lower-case letters, digits and hyphens',
          fix: `for example "${key === 'writer' ? 'write' : 'www'}"`,
        })),
      ),
      ...when(application === writer, () => ({
        path: 'edge.names.writer',
        given: `"${writer}", which is also edge.names.application`,
        allowed: 'another name',
        fix: 'for example "write"',
      })),
      ...(['application', 'writer'] as const).flatMap((key) =>
        when(dns !== null && [dns.applicationName, dns.writerName].includes(edge.names[key]), () => ({
          path: `edge.names.${key}`,
          given: `"${edge.names[key]}", which is also a name of dns: CloudFront would ask itself`,
          allowed: 'a name that dns does not have',
          fix: `for example "${key === 'writer' ? 'write' : 'www'}"`,
        })),
      ),
    ];
  },
);

const PEM = /^(?:\s*-----BEGIN CERTIFICATE-----\r?\n[A-Za-z0-9+/=\r\n]+-----END CERTIFICATE-----\s*)+$/;

/** What is in it, and until when it is valid, is checked where there is a clock: lib/services/authority.ts. */
export const authorityIsPem: Rule = rule(
  'authority-is-pem',
  'The authority of client certificates is one PEM certificate or more, and no private key.',
  ({ edge }) =>
    edge?.clientCertificates === undefined || edge.clientCertificates === null
      ? []
      : when(!PEM.test(edge.clientCertificates.authority), () => ({
          path: 'edge.clientCertificates.authority',
          given: edge.clientCertificates?.authority.includes('PRIVATE KEY') === true ? 'a text with a private key' : 'a text that is no PEM certificate',
          allowed: 'one or more of -----BEGIN CERTIFICATE----- ... -----END CERTIFICATE-----',
          fix: 'copy the certificate of the authority, without its key',
        })),
);

/** CloudFront and its web ACLs are those of the partition `aws`; in China and GovCloud they are others, or none. */
export const edgeHasCloudFront: Rule = rule(
  'edge-has-cloudfront',
  'With names, the edge is CloudFront’s: the regions are in the partition aws.',
  ({ edge, dns, regions }) =>
    edge === null || dns === null
      ? []
      : regions.flatMap(({ name }, i) =>
          when((partitionOf(name) ?? 'aws') !== 'aws', () => ({
            path: `regions[${i}].name`,
            given: `"${name}", in the partition ${partitionOf(name) ?? ''}`,
            allowed: 'regions of the partition aws',
            fix: 'leave edge out, or dns: the gateway and the applications limit without them',
          })),
        ),
);

export const BLOCKLIST_RULES: readonly Rule[] = [blocklistSparesUs, edgeNamesAreFree, authorityIsPem, edgeHasCloudFront];
