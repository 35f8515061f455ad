/** Answers for one zone from the records that the emulated Route 53 has now. */
import { callEmulator } from '../aws/emulator-client';
import type { Answerer, DnsReply } from '../edge/dns-server';

const ROUTE_53 = { region: 'us-east-1', service: 'route53' } as const;
const API = '/2013-04-01/hostedzone';
const TTL = 1;

const reply = (status: DnsReply['status'], texts: readonly string[] = []): DnsReply => ({ status, addresses: [], texts, ttl: TTL });

/** @returns the zone's id. It is made if there is none */
export const ensureZone = async (emulatorPort: number, zoneName: string): Promise<string> => {
  const body = `<?xml version="1.0"?><CreateHostedZoneRequest xmlns="https://route53.amazonaws.com/doc/2013-04-01/"><Name>${zoneName}.</Name><CallerReference>lab</CallerReference></CreateHostedZoneRequest>`;
  const made = await callEmulator(emulatorPort, { ...ROUTE_53, path: API, headers: { 'content-type': 'text/xml' }, body });
  const id = /<Id>\/hostedzone\/([A-Z0-9]+)<\/Id>/.exec(made)?.[1];
  if (id === undefined) throw new Error(`the emulated Route 53 made no zone: ${made.slice(0, 300)}`);
  return id;
};

/** TXT records of one name, from a listing: its own first, then whatever is next in the alphabet. */
export const textsIn = (listing: string, name: string): readonly string[] =>
  [...listing.matchAll(/<ResourceRecordSet>.*?<\/ResourceRecordSet>/gs)]
    .map(([set]) => set)
    .filter((set) => set.includes('<Type>TXT</Type>') && (/<Name>([^<]+)<\/Name>/.exec(set)?.[1] ?? '').toLowerCase().replace(/\.$/, '') === name)
    .flatMap((set) => [...set.matchAll(/<Value>([^<]*)<\/Value>/g)].map(([, value = '']) => value.replaceAll('&quot;', '"').replace(/^"|"$/g, '')));

/** @param zoneId in the emulated Route 53 */
export const zoneAnswers =
  (emulatorPort: number, zoneName: string, zoneId: string): Answerer =>
  async ({ name, type }) => {
    if (name !== zoneName && !name.endsWith(`.${zoneName}`)) return reply('not-ours');
    // CAA and the rest: there are none, which allows everybody to issue.
    if (type !== 'TXT') return reply('no-data');
    const path = `${API}/${zoneId}/rrset?type=TXT&name=${encodeURIComponent(`${name}.`)}&maxitems=10`;
    const texts = textsIn(await callEmulator(emulatorPort, { ...ROUTE_53, method: 'GET', path }), name);
    return texts.length === 0 ? reply('no-such-name') : reply('answered', texts);
  };
