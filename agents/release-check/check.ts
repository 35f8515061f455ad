/** Makes requests at a release in rounds, and judges it. Everything that takes time or talks to somebody is a port. */
import type { ReleaseCheckConfig } from '../../lib/services/release-check';
import { judge, LEAST_SAMPLES, type Sample, type Verdict } from './judge';

export interface CheckPorts {
  /** Addresses of the release's pods that are ready; empty: none. */
  readonly resolve: (host: string) => Promise<readonly string[]>;
  /** Never rejects: what did not come back has status 0. */
  readonly request: (address: string) => Promise<Sample>;
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

const appear = async ({ host }: ReleaseCheckConfig, ports: CheckPorts): Promise<readonly string[]> => {
  const deadline = ports.now() + APPEARS_WITHIN_SECONDS;
  for (;;) {
    const addresses = await ports.resolve(host);
    if (addresses.length > 0 || ports.now() >= deadline) return addresses;
    await ports.sleep(LOOK_AGAIN_SECONDS);
  }
};

/** The last pod that went counts as one that does not answer: a release whose pods vanish has failed. */
const round = async (config: ReleaseCheckConfig, ports: CheckPorts, known: readonly string[]): Promise<readonly Sample[]> => {
  const found = await ports.resolve(config.host);
  const addresses = found.length > 0 ? found : known;
  const wanted = Array.from({ length: perRound(config) }, (_, i) => addresses[i % addresses.length] ?? '');
  const samples: Sample[] = [];
  // One after the other: a burst would measure itself.
  for (const address of wanted) samples.push(await ports.request(address));
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
    samples.push(...(await round(config, ports, addresses)));
    const over = ports.now() - start + config.intervalSeconds >= config.durationSeconds;
    const verdict = judge(samples, config, planned, over);
    if (verdict.kind !== 'go on') return verdict;
    ports.report(`${samples.length} of ${planned} requests made`);
    await ports.sleep(config.intervalSeconds);
  }
};
