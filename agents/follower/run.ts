import { performance } from 'node:perf_hooks';
import type { FollowerConfig } from '../../lib/services/follower';
import { adminConsole } from './admin-console';
import { readRoute } from './databases-file';
import { credentialsLoop } from './credentials';
import { EtcdClient } from './etcd';
import { onChange, reasonOf, type Log } from './log';
import { newMetrics } from './metrics';
import { serveLeader } from './leader-proxy';
import { Pooler } from './pgbouncer';
import { placingLoop } from './placing';
import { readingLoop, Watch } from './reading';
import { RegionDoor } from './region-door';
import { type RegionServerPorts, serveRegion } from './region-server';
import { ageLoop, regionsLoop } from './regions';
import { Routing } from './routing';
import { serve } from './server';
import { newState } from './state';
import { agentSource, rememberingLookup } from './tls';
import { makeWake } from './wake';

/** The monotonic clock, milliseconds: a wall clock that is set must not age a reading. */
const now = (): number => performance.now();

const sleepUntil = (stop: AbortSignal) => (ms: number) =>
  new Promise<void>((done) => {
    const timer = setTimeout(finish, ms);
    function finish(): void {
      clearTimeout(timer);
      stop.removeEventListener('abort', finish);
      done();
    }
    stop.addEventListener('abort', finish);
  });

/** What other regions reach in this one. */
const serveNeighbours = async (ports: RegionServerPorts): Promise<{ sweep: () => void; close: () => void }> => {
  const status = await serveRegion(ports);
  const { server, sweep } = await serveLeader(ports.regions.leaderPort, ports.state, ports.log);
  const close = (): void => {
    status.close();
    status.closeAllConnections();
    server.close();
  };
  return { sweep, close };
};

/**
 * Follows the leader until `stop`. The databases file stays as it is then: PgBouncer goes on by itself.
 * @throws Error when the certificates can't be read, the databases file can't be read, or the address to listen on is taken
 */
export const follow = async (config: FollowerConfig, log: Log, stop: AbortSignal): Promise<void> => {
  const { databasesFile, database } = config.pgbouncer;
  const metrics = newMetrics();
  const state = newState(readRoute(databasesFile, database), now());
  const lookup = rememberingLookup(now);
  const agent = agentSource(config.etcd, { keepAlive: true, verifyName: true, lookup }, log, now);
  const watchAgent = agentSource(config.etcd, { keepAlive: false, verifyName: true, lookup }, log, now);
  const patroniAgent = agentSource({ ca: config.patroniCa }, { keepAlive: false, verifyName: false }, log, now);
  // Other regions are far away: a new connection is three round trips before the question.
  const peerAgent = agentSource({ ...config.etcd, ca: config.patroniCa }, { keepAlive: true, verifyName: false }, log, now);
  const console = adminConsole(config.pgbouncer, config.requestTimeoutSeconds * 1000, metrics);
  const credentialsConsole = adminConsole(config.pgbouncer, config.requestTimeoutSeconds * 1000, metrics);
  const etcd = new EtcdClient(config, { agent, watchAgent, now, metrics });
  const [readNow, actNow] = [makeWake(), makeWake()];
  stop.addEventListener('abort', () => [readNow, actNow].forEach((wake) => wake.now()));

  const { regions } = config;
  const doorOf = (): RegionDoor | undefined =>
    regions?.door &&
    new RegionDoor({
      regions,
      door: regions.door,
      etcd,
      patroniAgent,
      wakingAgent: peerAgent,
      memberTimeoutMs: config.requestTimeoutSeconds * 1000,
      now,
      wallClock: Date.now,
      log,
    });
  const reading = { etcd, state, now, log, metrics, readNow, actNow, stop, pollMs: config.pollIntervalSeconds * 1000, regions };
  const watch = new Watch(reading);
  const neighbours = regions === undefined ? undefined : await serveNeighbours({ regions, state, now, log, door: doorOf() });
  const pooler = new Pooler(config.pgbouncer, console, log, metrics);
  const routing = new Routing({
    config,
    state,
    pooler,
    patroniAgent,
    peerAgent,
    now,
    log,
    metrics,
    actNow,
    stop,
    ...(neighbours ? { onStep: neighbours.sweep } : {}),
  });
  const server = await serve(config.listen, state, metrics, now);
  log('started', state.route ? `the file routes to ${state.route.member}` : 'the file has no route of ours', { etcd: config.etcd.endpoints.join(' ') });
  const routed = routing.loop();
  const credentials = credentialsLoop({
    directories: config.watched,
    database,
    console: credentialsConsole,
    log: onChange(log),
    now,
    sleep: sleepUntil(stop),
    seen: (clients) => (state.clients = clients),
    reloaded: () => (metrics.credentialReloads += 1),
    stop,
  });
  const loops = [routed, readingLoop(reading, watch), watch.loop(), credentials];
  if (config.etcdPlacement) loops.push(placingLoop({ etcd, state, now, log, metrics, random: Math.random, sleep: sleepUntil(stop), stop }));
  if (regions !== undefined) {
    const ports = { config, regions, etcd, state, metrics, patroniAgent, peerAgent, now, wallClock: Date.now, log, readNow, sleep: sleepUntil(stop), stop };
    loops.push(regionsLoop(ports), ageLoop(ports));
  }
  try {
    // When stopped, a step of the routing is finished; a question to etcd under way is not worth waiting for.
    await Promise.race([Promise.all(loops), routed]);
  } catch (error) {
    log('a loop broke', reasonOf(error));
    throw error;
  } finally {
    server.close();
    neighbours?.close();
    server.closeAllConnections();
    await Promise.all([console.close(), credentialsConsole.close()]);
    [agent, watchAgent, patroniAgent, peerAgent].forEach((source) => source().destroy());
  }
};
