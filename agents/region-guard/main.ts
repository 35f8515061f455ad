/** The region guard: runs before a PostgreSQL member starts, and keeps a region that was away from coming back as a second primary. */
import { existsSync, readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { mayStart, type GuardDecision } from '../../lib/failover/region-guard';
import { followPatch, merged, NO_ROLE, parseStatus, type RegionStatus } from '../../lib/failover/region-role';
import type { FollowerConfig, PeerConfig, RegionsConfig } from '../../lib/services/follower';
import { ConfigError, readConfig } from '../follower/config';
import type { Reading } from '../follower/decide';
import { EtcdClient } from '../follower/etcd';
import { exchange } from '../follower/http';
import { makeLog, onChange, reasonOf } from '../follower/log';
import { newMetrics } from '../follower/metrics';
import { askMember } from '../follower/patroni';
import { agentSource, rememberingLookup } from '../follower/tls';

const AGAIN_MS = 500;
const now = (): number => performance.now();
const log = makeLog((line) => process.stdout.write(`${line}\n`));
const logChange = onChange(log);

interface Ports {
  readonly config: FollowerConfig;
  readonly regions: RegionsConfig;
  /** The dynamic configuration that a new cluster begins with. */
  readonly defaults: Readonly<Record<string, unknown>>;
  readonly hasData: () => boolean;
  readonly etcd: EtcdClient;
  readonly agent: ReturnType<typeof agentSource>;
}

const arguments_ = (): Ports => {
  const [configFile, defaultsFile, dataFile, ...rest] = process.argv.slice(2);
  if (configFile === undefined || defaultsFile === undefined || dataFile === undefined || rest.length > 0)
    throw new ConfigError('usage: region-guard <configuration> <dynamic configuration> <a file that exists when there is data>');
  const config = readConfig(configFile);
  const { regions } = config;
  if (regions === undefined) throw new ConfigError(`${configFile}: "regions" is missing: with one region there is nothing to guard`);
  const agent = agentSource(config.etcd, { keepAlive: false, verifyName: true, lookup: rememberingLookup(now) }, log, now);
  return {
    config,
    regions,
    defaults: JSON.parse(readFileSync(defaultsFile, 'utf8')) as Record<string, unknown>,
    hasData: () => existsSync(dataFile),
    etcd: new EtcdClient(config, { agent, watchAgent: agent, now, metrics: newMetrics() }),
    agent: agentSource({ ...config.etcd, ca: config.patroniCa }, { keepAlive: false, verifyName: false }, log, now),
  };
};

const statusOf = async ({ regions, agent, config }: Ports, peer: PeerConfig): Promise<RegionStatus | undefined> => {
  const ask = async (address: string): Promise<RegionStatus | undefined> => {
    const url = `https://${address}:${regions.statusPort}/region`;
    const status = parseStatus((await exchange({ method: 'GET', url, agent: agent(), timeoutMs: config.requestTimeoutSeconds * 1000 })).body);
    return status?.region === peer.name ? status : undefined;
  };
  const answers = await Promise.allSettled(peer.status.map(ask));
  const heard = answers.flatMap((a) => (a.status === 'fulfilled' && a.value !== undefined ? [a.value] : []));
  // Of one region's followers the newest word counts.
  return heard.sort((a, b) => b.epoch - a.epoch)[0];
};

const primaryRuns = async ({ agent, config }: Ports, reading: Reading): Promise<boolean> => {
  const url = reading.leader?.primaryUrl;
  if (url === undefined) return false;
  try {
    return (await askMember(url, agent(), config.requestTimeoutSeconds * 1000)).primary;
  } catch {
    return false; // not heard is not running
  }
};

const judge = async (ports: Ports): Promise<GuardDecision> => {
  const reading = await ports.etcd.read();
  const own = reading.role ?? { ...NO_ROLE, modRevision: 0, config: {} };
  const peers = await Promise.all(ports.regions.peers.map((peer) => statusOf(ports, peer)));
  const decision = mayStart({ self: ports.regions.self, own, hasData: ports.hasData(), primaryAlive: await primaryRuns(ports, reading), peers });
  if (decision.kind !== 'follow') return decision;
  const peer = ports.regions.peers.find(({ name }) => name === decision.primary);
  if (peer === undefined) throw new Error(`${decision.primary} is no region that this one knows`);
  const patch = followPatch({ epoch: decision.epoch, primary: peer.name, standbyCluster: peer.standbyCluster });
  const before = own.initialized ? own.config : ports.defaults;
  if (await ports.etcd.replace(ports.regions.configKey, JSON.stringify(merged(before, patch)), own.modRevision)) return decision;
  return { kind: 'wait', because: 'somebody else changed the configuration in the same moment' };
};

const main = async (): Promise<void> => {
  const ports = arguments_();
  for (;;) {
    try {
      const decision = await judge(ports);
      logChange(decision.kind, decision.because);
      if (decision.kind !== 'wait') return;
    } catch (error) {
      logChange('wait', reasonOf(error));
    }
    await new Promise((done) => setTimeout(done, AGAIN_MS));
  }
};

main().then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`region-guard: ${reasonOf(error)}\n`);
    process.exit(error instanceof ConfigError ? 2 : 1);
  },
);
