/** The cache's meters: one client per zone, each writing to every shard. */
import { spawn, type ChildProcess } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { streamOf, type CacheWrite } from '../../lib/drill/cache/history';
import { CACHE_USERS } from '../../lib/services/cache-users';
import { CACHE_PORT, keyTag, slotsOfShard } from '../../lib/topology/cache-placement';
import { inNetns } from '../hosts/network';
import { projectRoot } from '../kubernetes/scripts';
import type { CacheMeterConfiguration } from '../meter/cache-configuration';
import { credentialsFile, type Credentials } from '../secrets';
import type { LabSettings } from '../settings';

/** More often would take a processor away from what is measured: three clients with six streams each. */
const WRITE_EVERY = 0.08;
const READ_EVERY = 0.25;

export interface CacheMeters {
  readonly files: readonly string[];
  readonly clients: readonly string[];
  /** When each stream's newest write was acknowledged, and by which node; seconds since the epoch. */
  readonly lastAcks: ReadonlyMap<string, { readonly t: number; readonly node: string | null }>;
  readonly dead: () => readonly string[];
  readonly stop: () => Promise<void>;
}

/** Zones are named by themselves; a shard by its slots. */
export const meterConfiguration = (
  lab: LabSettings,
  credentials: Credentials,
  seeds: readonly string[],
  prefix: string,
): Omit<CacheMeterConfiguration, 'client'> => {
  const shards = lab.environment.cache?.shards ?? 0;
  return {
    seeds,
    port: CACHE_PORT,
    user: CACHE_USERS.application,
    password: credentials.cache.application,
    ca: credentials.ca,
    credentialsFile: credentialsFile(lab),
    shards: Array.from({ length: shards }, (_, shard) => ({ slot: slotsOfShard(shard, shards)[0], tag: keyTag(slotsOfShard(shard, shards)) })),
    prefix,
    writeEverySeconds: WRITE_EVERY,
    readEverySeconds: READ_EVERY,
    waitSeconds: 0.4,
    waitReplicas: 1,
    connectSeconds: 0.3,
    giveUpSeconds: 0.8,
  };
};

const follow = (stream: NodeJS.ReadableStream, lastAcks: Map<string, { t: number; node: string | null }>): void => {
  let rest = '';
  stream.on('data', (chunk: Buffer) => {
    const lines = `${rest}${chunk.toString('utf8')}`.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (!line.includes('"outcome":"acked"')) continue;
      const write = JSON.parse(line) as CacheWrite;
      lastAcks.set(streamOf(write), { t: write.t, node: write.node });
    }
  });
};

export const startCacheMeters = (lab: LabSettings, configuration: Omit<CacheMeterConfiguration, 'client'>, directory: string): CacheMeters => {
  const lastAcks = new Map<string, { t: number; node: string | null }>();
  const meters = lab.nodes.map((node) => {
    const file = join(directory, `cache-${node.zone}.jsonl`);
    const own: CacheMeterConfiguration = { ...configuration, client: node.zone };
    const argv = inNetns(node.netns, [process.execPath, '--max-old-space-size=96', join(projectRoot(), 'dist', 'meter-cache.js'), JSON.stringify(own)]);
    const child: ChildProcess = spawn(argv[0] ?? '', argv.slice(1), { stdio: ['ignore', 'pipe', 'pipe'] });
    const errors = createWriteStream(`${file}.stderr`);
    const ended = new Promise<void>((resolve) => {
      child.on('error', (error) => errors.write(String(error)));
      child.on('close', () => resolve());
    });
    if (child.stdout !== null) {
      child.stdout.pipe(createWriteStream(file));
      follow(child.stdout, lastAcks);
    }
    child.stderr?.pipe(errors);
    return { name: node.zone, file, child, ended };
  });
  return {
    files: meters.map((meter) => meter.file),
    clients: meters.map((meter) => meter.name),
    lastAcks,
    dead: () => meters.filter(({ child }) => child.exitCode !== null || child.signalCode !== null).map((meter) => meter.name),
    stop: async () => {
      for (const { child } of meters) child.kill('SIGTERM');
      const timer = setTimeout(() => meters.forEach(({ child }) => child.kill('SIGKILL')), 3000);
      await Promise.all(meters.map((meter) => meter.ended));
      clearTimeout(timer);
    },
  };
};
