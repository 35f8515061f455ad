/** The meters of a drill: a writing client on every node, and one prober for all databases. Each writes its events to a file of the run's folder. */
import { spawn, type ChildProcess } from 'node:child_process';
import { createWriteStream, existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { POOLER_PORT, NAMESPACE } from '../../lib/topology/derive';
import { netnsPath } from '../hosts/network';
import { projectRoot } from '../kubernetes/scripts';
import type { ProberConfiguration } from '../meter/prober-configuration';
import type { WriterConfiguration } from '../meter/writer-configuration';
import { credentialsFile, type Credentials } from '../secrets';
import type { LabSettings, NodeSettings } from '../settings';

export const WRITE_EVERY = 0.02;
const READ_EVERY = 0.25;
const PROBE_EVERY = 0.03;
/** Seconds between a client's writes, and between two questions to a member. */
export interface Pace {
  readonly write: number;
  readonly probe: number;
}
const PACE: Pace = { write: WRITE_EVERY, probe: PROBE_EVERY };
const GIVE_UP = 5;

/** The newest acknowledgement of a client, as it happens. */
export interface LastAck {
  readonly t: number;
  /** Of the database server that acknowledged. */
  readonly address: string;
}

interface Meter {
  readonly name: string;
  readonly process: ChildProcess;
  readonly ended: Promise<void>;
}

export interface Meters {
  readonly files: readonly string[];
  readonly lastAcks: ReadonlyMap<string, LastAck>;
  /** Names of meters that ended although nobody asked them to. */
  readonly dead: () => readonly string[];
  readonly stop: () => Promise<void>;
}

const NODE = [process.execPath, '--max-old-space-size=96'];
const bundle = (name: string): string => join(projectRoot(), 'dist', `${name}.js`);

const ACKED = /"t":([\d.]+),"kind":"write","client":"([^"]+)".*"outcome":"acked","address":"([^"]+)"/;

/** Follows a writer's output for the runner, which waits for clients to be served; the file is what is judged. */
const followAcks = (stream: NodeJS.ReadableStream, lastAcks: Map<string, LastAck>): void => {
  let rest = '';
  stream.on('data', (chunk: Buffer) => {
    const lines = `${rest}${chunk.toString('utf8')}`.split('\n');
    rest = lines.pop() ?? '';
    const acked = lines.findLast((line) => line.includes('"outcome":"acked"'));
    const [, t, client, address] = (acked === undefined ? null : ACKED.exec(acked)) ?? [];
    if (t !== undefined && client !== undefined && address !== undefined) lastAcks.set(client, { t: Number(t), address });
  });
};

const start = (name: string, file: string, argv: readonly string[], lastAcks: Map<string, LastAck>): Meter => {
  const [program = '', ...rest] = argv;
  const child = spawn(program, rest, { stdio: ['ignore', 'pipe', 'pipe'] });
  const out = createWriteStream(file);
  const errors = createWriteStream(`${file}.stderr`);
  child.stdout.pipe(out);
  followAcks(child.stdout, lastAcks);
  child.stderr.pipe(errors);
  const ended = new Promise<void>((resolve) => {
    child.on('error', (error) => errors.write(String(error)));
    child.on('close', () => resolve());
  });
  return { name, process: child, ended };
};

/**
 * @param service address of the pooler's Service
 * @param writers the nodes on which clients write; every node is probed
 */
export const startMeters = (
  lab: LabSettings,
  credentials: Credentials,
  service: string,
  directory: string,
  writers: readonly NodeSettings[] = lab.nodes,
  pace: Pace = PACE,
): Meters => {
  const writer = (zone: string): WriterConfiguration => ({
    ...loginOf(lab, credentials),
    client: zone,
    host: service,
    port: POOLER_PORT,
    writeEverySeconds: pace.write,
    readEverySeconds: READ_EVERY,
    giveUpSeconds: GIVE_UP,
  });
  const lastAcks = new Map<string, LastAck>();
  const meters = [
    ...writers.map((n) =>
      start(
        n.zone,
        join(directory, `writer-${n.zone}.jsonl`),
        ['nsenter', `--net=${netnsPath(n.netns)}`, ...NODE, bundle('meter-writer'), JSON.stringify(writer(n.zone))],
        lastAcks,
      ),
    ),
    proberOf(lab, credentials, directory, lastAcks, pace.probe),
  ];
  return running(meters, [...writers.map((n) => join(directory, `writer-${n.zone}.jsonl`)), proberFile(lab, directory)], lastAcks);
};

/** A client that lives in neither region: it finds the one that takes writes by its public name. */
export interface OutsideClient {
  readonly name: string;
  readonly netns: string;
  readonly host: string;
  readonly port: number;
  readonly resolver: NonNullable<WriterConfiguration['resolver']>;
}

export const startOutsideClients = (
  lab: LabSettings,
  credentials: Credentials,
  directory: string,
  clients: readonly OutsideClient[],
  every: number,
): Meters => {
  const lastAcks = new Map<string, LastAck>();
  const file = (name: string): string => join(directory, `writer-${name}.jsonl`);
  const configurationOf = ({ name, host, port, resolver }: OutsideClient): WriterConfiguration => ({
    ...loginOf(lab, credentials),
    client: name,
    host,
    port,
    resolver,
    writeEverySeconds: every,
    readEverySeconds: READ_EVERY,
    giveUpSeconds: GIVE_UP,
  });
  const meters = clients.map((client) =>
    start(
      client.name,
      file(client.name),
      ['nsenter', `--net=${netnsPath(client.netns)}`, ...NODE, bundle('meter-writer'), JSON.stringify(configurationOf(client))],
      lastAcks,
    ),
  );
  return running(
    meters,
    clients.map(({ name }) => file(name)),
    lastAcks,
  );
};

const loginOf = (
  lab: LabSettings,
  credentials: Credentials,
): Pick<WriterConfiguration, 'database' | 'user' | 'password' | 'ca' | 'credentialsFile' | 'serverName'> => ({
  database: lab.region.postgres.database,
  user: credentials.applicationUser,
  password: credentials.application,
  ca: credentials.ca,
  credentialsFile: credentialsFile(lab),
  serverName: `pgbouncer.${NAMESPACE}.svc.cluster.local`,
});

const proberFile = ({ region }: LabSettings, directory: string): string => join(directory, `prober-${region.name}.jsonl`);

const proberOf = (lab: LabSettings, credentials: Credentials, directory: string, lastAcks: Map<string, LastAck>, everySeconds = PROBE_EVERY): Meter => {
  const prober: ProberConfiguration = {
    nodes: lab.nodes.map(({ zone, cgroup }) => ({ zone, cgroup })),
    database: lab.region.postgres.database,
    superuser: 'postgres',
    password: credentials.superuser,
    everySeconds,
  };
  return start('prober', proberFile(lab, directory), [...NODE, bundle('meter-prober'), JSON.stringify(prober)], lastAcks);
};

/** The prober alone, for drills whose clients can't live on the nodes. */
export const startProber = (lab: LabSettings, credentials: Credentials, directory: string): Meters => {
  const lastAcks = new Map<string, LastAck>();
  return running([proberOf(lab, credentials, directory, lastAcks)], [proberFile(lab, directory)], lastAcks);
};

const running = (meters: readonly Meter[], files: readonly string[], lastAcks: ReadonlyMap<string, LastAck>): Meters => {
  return {
    files,
    lastAcks,
    dead: () => meters.filter((m) => m.process.exitCode !== null || m.process.signalCode !== null).map((m) => m.name),
    stop: async () => {
      for (const meter of meters) meter.process.kill('SIGTERM');
      const timer = setTimeout(() => meters.forEach((m) => m.process.kill('SIGKILL')), 3000);
      await Promise.all(meters.map((m) => m.ended));
      clearTimeout(timer);
    },
  };
};

/** The lines of a meter's file that are complete: one that is being written, or was cut off with its process, is left out. */
export const completeLines = async (file: string): Promise<readonly string[]> => {
  if (!existsSync(file)) return [];
  const text = await readFile(file, 'utf8');
  return text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .filter((line) => line !== '');
};
