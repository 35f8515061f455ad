/** Makes requests at a release in rounds, and judges it. Everything that takes time or talks to somebody is a port. */
import type { ReleaseCheckConfig } from '../../lib/services/release-check';
import { judge, LEAST_SAMPLES, type Sample, type Verdict } from './judge';

export interface CheckPorts {
  /** Addresses of the release's pods that are ready; empty: none. */
  readonly resolve: (host: string) => Promise<readonly string[]>;
  /** Never rejects: what did not come back has status 0. @param client the address of the user in whose name it is asked */
  readonly request: (address: string, client: string) => Promise<Sample>;
  readonly sleep: (seconds: number) => Promise<void>;
  /** Seconds. */
  readonly now: () => number;
  readonly report: (line: string) => void;
}

/** So long it is waited for the release's name: DNS may not know yet what Kubernetes knows. */
const APPEARS_WITHIN_SECONDS = 15;
const LOOK_AGAIN_SECONDS = 0.5;

export const rounds = ({ durationSeconds, intervalSeconds }: ReleaseCheckConfig): number => Math.max(1, Math.floor(durationSeconds / intervalSeconds));
/** Enough in all for a verdict, also with long pauses. */
export const perRound = (config: ReleaseCheckConfig): number => Math.max(5, Math.ceil((2 * LEAST_SAMPLES) / rounds(config)));

/** Addresses for documentation (RFC 5737): nobody has them, so nobody's limit is used up. */
const NETWORKS = ['192.0.2', '198.51.100', '203.0.113'] as const;
const HOSTS = 254;
/** Each request is another user's: one user's limit says nothing of a release. */
export const clientOf = (request: number): string => `${NETWORKS[Math.floor(request / HOSTS) % NETWORKS.length] ?? NETWORKS[0]}.${1 + (request % HOSTS)}`;

const appear = async ({ host }: ReleaseCheckConfig, ports: CheckPorts): Promise<readonly string[]> => {
  const deadline = ports.now() + APPEARS_WITHIN_SECONDS;
  for (;;) {
    const addresses = await ports.resolve(host);
    if (addresses.length > 0 || ports.now() >= deadline) return addresses;
    await ports.sleep(LOOK_AGAIN_SECONDS);
  }
};

/** The last pod that went counts as one that does not answer: a release whose pods vanish has failed. */
const round = async (config: ReleaseCheckConfig, ports: CheckPorts, known: readonly string[], asked: number): Promise<readonly Sample[]> => {
  const found = await ports.resolve(config.host);
  const addresses = found.length > 0 ? found : known;
  const wanted = Array.from({ length: perRound(config) }, (_, i) => addresses[i % addresses.length] ?? '');
  const samples: Sample[] = [];
  // One after the other: a burst would measure itself.
  for (const [i, address] of wanted.entries()) samples.push(await ports.request(address, clientOf(asked + i)));
  return samples;
};

/** @returns `pass` or `fail`, never `go on` */
export const checkRelease = async (config: ReleaseCheckConfig, ports: CheckPorts): Promise<Verdict> => {
  const addresses = await appear(config, ports);
  if (addresses.length === 0) return { kind: 'fail', because: `no pod of the release is ready: ${config.host} has no address` };
  const start = ports.now();
  const planned = rounds(config) * perRound(config);
  const samples: Sample[] = [];
  for (;;) {
    samples.push(...(await round(config, ports, addresses, samples.length)));
    const over = ports.now() - start + config.intervalSeconds >= config.durationSeconds;
    const verdict = judge(samples, config, planned, over);
    if (verdict.kind !== 'go on') return verdict;
    ports.report(`${samples.length} of ${planned} requests made`);
    await ports.sleep(config.intervalSeconds);
  }
};
