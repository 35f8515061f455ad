/** What stands between the renewer and its proof, in one process: the emulated Route 53 behind its front, with faults, and the name server that the authority asks. */
import { createServer as createHttp } from 'node:http';
import { createServer as createHttps } from 'node:https';
import type { AwsFault } from '../aws/faults';
import { parseFault } from '../aws/faults';
import { FrontProxy } from '../aws/front-proxy';
import { serveDns } from '../edge/dns-server';
import { buffer } from 'node:stream/consumers';
import { serveTime } from './time-server';
import { ensureZone, zoneAnswers } from './zone';

export interface AuthorityConfiguration {
  readonly control: string;
  readonly address: string;
  /** @default - 443 and 53; others for tests */
  readonly ports?: { readonly aws: number; readonly dns: number };
  /** Each is a time server. @default - none */
  readonly timeAddresses?: readonly string[];
  readonly emulatorPort: number;
  readonly zoneName: string;
  readonly tls: { readonly certificate: string; readonly key: string };
}

const NTP_PORT = 123;

/** Listens everywhere; the emulator must answer. */
export const openAuthority = async (config: AuthorityConfiguration, log: (line: string) => void): Promise<void> => {
  const { address, emulatorPort, zoneName, tls, ports = { aws: 443, dns: 53 } } = config;
  let faults: readonly AwsFault[] = [];
  let offsets: Readonly<Record<string, number>> = {};
  const front = new FrontProxy({
    emulatorPort,
    leaseRegions: [],
    faults: () => faults,
    functions: () => [],
    takeFunctionFault: () => undefined,
    invoke: () => Promise.reject(new Error('there are no functions here')),
    people: () => new Map(),
    log,
  });
  const zone = await ensureZone(emulatorPort, zoneName);
  const answers = zoneAnswers(emulatorPort, zoneName, zone);
  await serveDns({ host: address, port: ports.dns }, async (question) => {
    const answer = await answers(question);
    log(`dns ${question.type} ${question.name}: ${answer.status} ${answer.texts?.join(' ') ?? ''}`);
    return answer;
  });
  for (const time of config.timeAddresses ?? []) await serveTime(time, NTP_PORT, () => offsets[time] ?? 0);
  await listen(createHttps({ cert: tls.certificate, key: tls.key }, front.listener), { port: ports.aws, host: address });
  const control = createHttp((incoming, response) => {
    const carryOut = async (): Promise<void> => {
      const text = (await buffer(incoming)).toString('utf8');
      if (incoming.url === '/fault') faults = [...faults, parseFault(JSON.parse(text))];
      else if (incoming.url === '/time') offsets = JSON.parse(text) as Record<string, number>;
      else if (incoming.url === '/heal') [faults, offsets] = [[], {}];
      else if (incoming.url !== '/state') return void response.writeHead(404).end('not found: /fault, /time, /heal, /state');
      response.end(JSON.stringify({ zone, faults, offsets }));
    };
    carryOut().catch((error: unknown) => response.writeHead(400).end(String(error)));
  });
  // Last: whoever can reach the socket finds everything else ready.
  await listen(control, { path: config.control });
};

const listen = (
  server: ReturnType<typeof createHttp> | ReturnType<typeof createHttps>,
  where: { port: number; host: string } | { path: string },
): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(where, () => resolve());
  });
