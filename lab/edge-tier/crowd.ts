/** A place outside of the cluster with many addresses, beside the region's router: where those sit who ask for too much. */
import { spawn, type ChildProcess } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { parseFlood, type FloodSecond } from '../../lib/drill/edge/history';
import { completeLines } from '../drill/meters';
import { run } from '../exec';
import { deleteNetns, inNetns, ipBatch } from '../hosts/network';
import { projectRoot } from '../kubernetes/scripts';
import type { FlooderConfiguration } from '../meter/flooder-configuration';
import type { LabSettings } from '../settings';
import type { WorkloadStage } from '../workload-tier/stage';

/** Documentation addresses (RFC 5737): nobody’s. */
const NETWORK = '203.0.113';
const DEVICE = 'crowd';
/** Of the first run; each run has its own, because a gateway remembers them. */
const FIRST_HOST = 2;
const HOSTS = 250;

const netnsOf = (lab: LabSettings): string => `${lab.prefix}-fl`;

/** @returns so many addresses, other ones for other seeds */
const addressesFor = (seed: number, count: number): readonly string[] =>
  Array.from({ length: count }, (_, i) => `${NETWORK}.${FIRST_HOST + ((seed * count + i) % HOSTS)}`);

export const openCrowd = async (lab: LabSettings, seed: number, count: number): Promise<readonly string[]> => {
  await closeCrowd(lab);
  const netns = netnsOf(lab);
  const addresses = addressesFor(seed, count);
  await run(['ip', 'netns', 'add', netns]);
  await ipBatch(lab.router, [`link add ${DEVICE} type veth peer name eth0 netns ${netns}`, `addr add ${NETWORK}.1/24 dev ${DEVICE}`, `link set ${DEVICE} up`]);
  const own = addresses.map((address) => `addr add ${address}/24 dev eth0`);
  await ipBatch(netns, ['link set lo up', ...own, 'link set eth0 up', `route add default via ${NETWORK}.1`]);
  return addresses;
};

/** The wire goes with its end. */
export const closeCrowd = (lab: LabSettings): Promise<void> => deleteNetns(netnsOf(lab));

export interface Flood {
  readonly addresses: readonly string[];
  /** Ends it. @returns what they were answered */
  readonly stop: () => Promise<readonly FloodSecond[]>;
  /** Whether it ended by itself, which it should not. */
  readonly isDead: () => boolean;
}

export type FloodOrder = Pick<FlooderConfiguration, 'requestsPerSecond' | 'what'> & { readonly addresses: number };

/** Longer than a connection takes to be made when the machine is busy. */
const ANSWER_SECONDS = 12;
const END_MS = 3000;

/** From now on, until it is stopped; and `closeCrowd` after that. */
export const startFlood = async ({ context, door }: WorkloadStage, { addresses: count, ...order }: FloodOrder): Promise<Flood> => {
  const { lab, seed, directory } = context;
  const addresses = await openCrowd(lab, seed, count);
  const gateways = lab.nodes.map((node) => door.gatewaysFor(node)[0]).filter((address) => address !== undefined);
  const { port, host, ca, base } = door;
  const configuration: FlooderConfiguration = { addresses, gateways, port, host, ca, base, ...order, answerSeconds: ANSWER_SECONDS };
  const program = [process.execPath, '--max-old-space-size=192', join(projectRoot(), 'dist', 'meter-flooder.js'), JSON.stringify(configuration)];
  const [command = '', ...args] = inNetns(netnsOf(lab), program);
  const file = join(directory, 'flood.jsonl');
  const child: ChildProcess = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const written = createWriteStream(file);
  const errors = createWriteStream(`${file}.stderr`);
  child.stdout?.pipe(written, { end: false });
  child.stderr?.pipe(errors);
  const ended = new Promise<void>((resolve) => {
    child.on('error', (error) => errors.write(String(error)));
    child.on('close', () => written.end(() => resolve()));
  });
  return {
    addresses,
    isDead: () => child.exitCode !== null || child.signalCode !== null,
    stop: async () => {
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), END_MS);
      await ended;
      clearTimeout(timer);
      return parseFlood(await completeLines(file));
    },
  };
};
