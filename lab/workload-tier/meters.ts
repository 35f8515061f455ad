/** The HTTP meters of a drill: a user in every zone. */
import { spawn, type ChildProcess } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { HTTP_STREAMS, streamOf, type HttpAttempt } from '../../lib/drill/workloads/history';
import { inNetns } from '../hosts/network';
import { projectRoot } from '../kubernetes/scripts';
import type { HttpMeterConfiguration } from '../meter/http-configuration';
import type { NodeSettings } from '../settings';

/** Thirteen requests a second and user: enough to see a gap of a tenth of a second, and little enough to leave the processors to what is measured. */
const EVERY: HttpMeterConfiguration['every'] = { read: 0.2, fresh: 0.5, order: 0.25, session: 0.5, event: 0.25 };
const PACE: Pick<HttpMeterConfiguration, 'every' | 'users' | 'sameAgainSeconds' | 'connectSeconds' | 'answerSeconds' | 'patienceSeconds'> = {
  every: EVERY,
  users: 60,
  sameAgainSeconds: 3,
  connectSeconds: 2,
  // Longer than the backend takes to give up by itself.
  answerSeconds: 12,
  patienceSeconds: 20,
};

export type Door = Pick<HttpMeterConfiguration, 'port' | 'host' | 'ca' | 'base' | 'prefix'> & {
  /** The gateways' addresses, as a client on this node prefers them. */
  readonly gatewaysFor: (node: NodeSettings) => readonly string[];
};

export interface HttpMeters {
  readonly files: readonly string[];
  readonly clients: readonly string[];
  /** The newest answer that was right, of each stream. */
  readonly lastServed: ReadonlyMap<string, { readonly t: number; readonly release: string | null }>;
  readonly dead: () => readonly string[];
  readonly stop: () => Promise<void>;
}

type LastServed = Map<string, { t: number; release: string | null }>;

const follow = (stream: NodeJS.ReadableStream, lastServed: LastServed): void => {
  let rest = '';
  stream.on('data', (chunk: Buffer) => {
    const lines = `${rest}${chunk.toString('utf8')}`.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (!line.includes('"outcome":"ok"')) continue;
      const attempt = JSON.parse(line) as HttpAttempt;
      lastServed.set(streamOf(attempt), { t: attempt.t, release: attempt.release });
    }
  });
};

interface Meter {
  readonly name: string;
  readonly file: string;
  readonly child: ChildProcess;
  readonly ended: Promise<void>;
}

const start = (node: NodeSettings, name: string, configuration: HttpMeterConfiguration, directory: string, lastServed: LastServed): Meter => {
  const file = join(directory, `http-${name}.jsonl`);
  const program = [process.execPath, '--max-old-space-size=96', join(projectRoot(), 'dist', 'meter-http.js'), JSON.stringify(configuration)];
  const [command = '', ...args] = inNetns(node.netns, program);
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const errors = createWriteStream(`${file}.stderr`);
  const written = createWriteStream(file);
  const ended = new Promise<void>((resolve) => {
    child.on('error', (error) => errors.write(String(error)));
    // The file is read as soon as this has ended.
    child.on('close', () => written.end(() => resolve()));
  });
  child.stdout.pipe(written, { end: false });
  follow(child.stdout, lastServed);
  child.stderr.pipe(errors);
  return { name, file, child, ended };
};

/** @param crowd users per zone; more than one for a surge of requests */
export const startHttpMeters = (
  nodes: readonly NodeSettings[],
  door: Door,
  directory: string,
  crowd: Partial<typeof PACE> & { readonly label?: string } = {},
): HttpMeters => {
  const { gatewaysFor, ...way } = door;
  const { label = '', ...pace } = crowd;
  const lastServed: LastServed = new Map();
  const meters = nodes.map((node) => {
    const client = `${node.zone}${label}`;
    return start(node, client, { ...PACE, ...pace, ...way, client, gateways: gatewaysFor(node) }, directory, lastServed);
  });
  return {
    files: meters.map((meter) => meter.file),
    clients: meters.map((meter) => meter.name),
    lastServed,
    dead: () => meters.filter(({ child }) => child.exitCode !== null || child.signalCode !== null).map((meter) => meter.name),
    stop: async () => {
      for (const { child } of meters) child.kill('SIGTERM');
      const timer = setTimeout(() => meters.forEach(({ child }) => child.kill('SIGKILL')), PACE.answerSeconds * 1000);
      await Promise.all(meters.map((meter) => meter.ended));
      clearTimeout(timer);
    },
  };
};

/** Every stream of these clients has been served since then, and within the last two seconds. */
export const areServed = ({ lastServed }: HttpMeters, clients: readonly string[], since: number, now: number): boolean =>
  clients.every((client) =>
    HTTP_STREAMS.every((stream) => {
      const last = lastServed.get(streamOf({ client, stream }));
      return last !== undefined && last.t > since && last.t > now - 2;
    }),
  );
