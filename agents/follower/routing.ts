import type { Agent } from 'node:https';
import { writeRoute } from './databases-file';
import { decide, isForward, probePauseMs, sameAddress, type Address, type Leader, type Route } from './decide';
import type { FollowerConfig } from '../../lib/services/follower';
import { onChange, reasonOf, type Log } from './log';
import type { Metrics } from './metrics';
import { askMember } from './patroni';
import type { Pooler } from './pgbouncer';
import type { State } from './state';
import type { Wake } from './wake';

export interface RoutingPorts {
  readonly config: FollowerConfig;
  readonly state: State;
  readonly pooler: Pooler;
  readonly patroniAgent: () => Agent;
  /** For what stands for another region. */
  readonly peerAgent: () => Agent;
  readonly now: () => number;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly actNow: Wake;
  readonly stop: AbortSignal;
  /** Called with every step: what depends on the route can follow at once. */
  readonly onStep?: () => void;
}

/** PgBouncer's own maintenance comes every third of a second; what is left after two of its turns is killed. */
const SEVER_MS = 700;
const SEVER_PAUSE_MS = 30;
/** The line of the local rows is not changed sooner after any reload: PgBouncer 1.24 was seen to crash on two reloads while connections were being made. */
const LOCAL_SETTLE_MS = 3_000;
/** PgBouncer is looked at so often without any occasion; it logs every login on its console. */
const LOOK_EVERY_MS = 10_000;
/** While clients wait, it is decided anew so often at least. */
const PAUSED_LOOK_MS = 100;
/** etcd's silence wakes nobody: it is looked for so often. */
const SILENCE_LOOK_MS = 500;
/** After a failure of PgBouncer's console: it is most likely being restarted. */
const RETRY_MS = 200;
/** A candidate that is silent is asked again soon: its first answer as a primary is what everyone waits for. */
const PROBE_TIMEOUT_MS = 500;

/** Observe, decide, act, until stopped. */
export class Routing {
  private asking: { readonly revision: number; readonly since: number } | undefined;
  /** True until nothing is bound to an old server any more. A predecessor may have left something. */
  private mustSever = true;
  /** Since when that has been tried. */
  private severingSince: number | undefined;
  /** A switch that is written, and that PgBouncer has not carried out yet. */
  private switching: { readonly since: number; readonly mustReconnect: boolean } | undefined;
  private lookedAt = -Infinity;
  private reloadedAt = -Infinity;
  /** Where local reads go by the file. */
  private writtenLocal: Address | undefined;
  private readonly logChange: Log;
  /** What the loop is doing: one topic, so that coming back to a state is told again. */
  private readonly logStep: Log;

  constructor(private readonly ports: RoutingPorts) {
    this.logChange = onChange(ports.log);
    this.logStep = onChange(ports.log, () => 'step');
  }

  async loop(): Promise<void> {
    const { ports } = this;
    while (!ports.stop.aborted) {
      const sleepMs = await this.step();
      ports.state.actedAt = ports.now();
      ports.metrics.ready = this.isReady();
      if (sleepMs > 0) await ports.actNow.sleep(sleepMs);
    }
  }

  /** @returns for how many milliseconds there is nothing to do */
  async step(): Promise<number> {
    const { state, now } = this.ports;
    this.ports.onStep?.();
    if (this.isLocalStale() && state.route) return this.switchLocal(state.route);
    const action = decide({ ...state, now: now() });
    switch (action.kind) {
      case 'probe':
        return this.probe(action.leader, action.primaryUrl, action.because);
      case 'route':
        return this.switchTo(action.route, action.because);
      case 'watch-route':
        return this.watchRoute(action.member, action.primaryUrl, action.paceMs, action.because);
      case 'pause':
        return this.pause(action.because);
      case 'resume':
        this.ports.log('resume', action.because);
        return this.onConsole(() => this.resume());
      case 'keep':
        state.route = action.route;
        this.ports.log('route kept', action.because);
        return 0;
      case 'reload':
        this.logStep('reload', action.because);
        return this.onConsole(() => this.apply(action.route));
      case 'hold':
        this.logStep('hold', action.because);
        return this.lookAfterPooler();
    }
  }

  private isLocalStale(): boolean {
    const { localTarget, route } = this.ports.state;
    if (this.ports.now() - this.reloadedAt < LOCAL_SETTLE_MS) return false;
    return route !== undefined && localTarget !== undefined && !(this.writtenLocal !== undefined && sameAddress(this.writtenLocal, localTarget));
  }

  /** Only the line of the local rows changes. */
  private async switchLocal(route: Route): Promise<number> {
    const { localTarget } = this.ports.state;
    try {
      this.write(route);
    } catch (error) {
      this.logChange('route not written', reasonOf(error));
      return RETRY_MS;
    }
    this.logStep('local reads', localTarget === undefined ? 'nowhere' : `to ${localTarget.host}:${localTarget.port}`);
    return this.onConsole(() => this.apply(route));
  }

  private write(route: Route): void {
    const { config, state } = this.ports;
    const { databasesFile, database } = config.pgbouncer;
    const local = state.localTarget;
    const line =
      config.regions === undefined || local === undefined
        ? undefined
        : { ...local, name: config.regions.localDatabase, poolSize: config.regions.localPoolSize };
    writeRoute(databasesFile, route, database, line);
    this.writtenLocal = local;
  }

  private isReady(): boolean {
    const { route, pooler } = this.ports.state;
    // What PgBouncer is known to use; while its console is silent, the last that was known.
    return route !== undefined && pooler.kind === 'serving' && sameAddress(route, pooler);
  }

  private async probe(leader: Leader, primaryUrl: string, because: string): Promise<number> {
    const { state, now, metrics, config } = this.ports;
    if (this.asking?.revision !== leader.modRevision) this.asking = { revision: leader.modRevision, since: now() };
    this.logStep('candidate', because);
    metrics.probes += 1;
    const at = now();
    let primary = false;
    try {
      const answer = await askMember(primaryUrl, this.agentFor(leader.member), Math.min(PROBE_TIMEOUT_MS, config.requestTimeoutSeconds * 1000));
      primary = answer.primary;
      if (!primary) this.logChange('candidate answered', `${leader.member}: ${answer.text}`);
    } catch (error) {
      this.logChange('candidate answered', `${leader.member}: ${reasonOf(error)}`);
    }
    state.answer = { member: leader.member, modRevision: leader.modRevision, primaryUrl, primary, at };
    return primary ? 0 : Math.max(1, probePauseMs(at - this.asking.since) - (now() - at));
  }

  private agentFor(member: string): Agent {
    return isForward(member) ? this.ports.peerAgent() : this.ports.patroniAgent();
  }

  private async watchRoute(member: string, primaryUrl: string, paceMs: number, because: string): Promise<number> {
    const { state, now } = this.ports;
    this.logStep('route in doubt', because);
    const at = now();
    try {
      const { primary, text } = await askMember(primaryUrl, this.agentFor(member), PROBE_TIMEOUT_MS);
      this.logChange('route answered', `${member}: ${text}`);
      const changes = primary === state.paused;
      state.routeAnswer = { member, primary, at: now() };
      if (changes) return 0;
    } catch (error) {
      this.logChange('route answered', `${member}: ${reasonOf(error)}`);
    }
    return Math.max(1, paceMs - (now() - at));
  }

  private async pause(because: string): Promise<number> {
    const { state, pooler, log } = this.ports;
    log('pause', because);
    // Also when the console fails: whatever became of it, it must be resumed.
    state.paused = true;
    return this.onConsole(async () => {
      await pooler.pause();
      return 0;
    });
  }

  private async resume(): Promise<number> {
    await this.ports.pooler.resume();
    this.ports.state.paused = false;
    return 0;
  }

  private async switchTo(route: Route, because: string): Promise<number> {
    const { state, log, metrics, now } = this.ports;
    const before = state.route;
    try {
      this.write(route);
    } catch (error) {
      this.logChange('route not written', reasonOf(error));
      return RETRY_MS;
    }
    state.route = route;
    state.routeUrl = state.answer?.primaryUrl;
    this.mustSever = true;
    this.switching = { since: state.leaderSince ?? now(), mustReconnect: before !== undefined && sameAddress(before, route) };
    metrics.routeSwitches += 1;
    log('route', because, { host: route.host, port: route.port, revision: route.modRevision });
    return this.onConsole(() => this.apply(route));
  }

  private async apply(route: Route): Promise<number> {
    const { pooler, state, metrics, log, now } = this.ports;
    this.reloadedAt = now();
    state.pooler = await pooler.reload(route);
    this.severingSince = undefined;
    if (state.paused) await this.resume();
    if (this.switching) {
      // An address that went from one member to another: PgBouncer sees no change, but its connections are to the old one.
      if (this.switching.mustReconnect) await pooler.reconnect();
      metrics.lastSwitchSeconds = (now() - this.switching.since) / 1000;
      this.switching = undefined;
      log('routed', `PgBouncer uses ${route.member}`, { seconds: Number(metrics.lastSwitchSeconds.toFixed(3)) });
    }
    return 0;
  }

  /** Ends what is bound to an old server: client by client, and after a while all at once. */
  private async sever(route: Route): Promise<number> {
    const { pooler, log, now } = this.ports;
    this.severingSince ??= now();
    const { elsewhere, onRoute } = await pooler.sever(route);
    const isEarly = now() - this.severingSince < SEVER_MS;
    // Also until the first connection to the new primary is there: PgBouncer tries again when anything happens in it, and otherwise three times a second.
    if (isEarly && (elsewhere > 0 || onRoute === 0)) return SEVER_PAUSE_MS;
    if (elsewhere > 0) {
      log('database killed', `${elsewhere} connections to the old server did not end otherwise`);
      await pooler.killAndResume();
    }
    this.mustSever = false;
    this.severingSince = undefined;
    return 0;
  }

  private async lookAfterPooler(): Promise<number> {
    const { state, pooler, now } = this.ports;
    const { route } = state;
    if (this.mustSever && route && state.pooler.kind === 'serving' && sameAddress(route, state.pooler)) return this.onConsole(() => this.sever(route));
    const due = this.lookedAt + LOOK_EVERY_MS - now();
    // What a predecessor left killed or paused; a pause of our own ends with the handover.
    const isLeft = !state.paused && pooler.isLeftKilled();
    if (due > 0 && !isLeft) return state.paused ? Math.min(due, PAUSED_LOOK_MS) : Math.min(due, SILENCE_LOOK_MS);
    return this.onConsole(async () => {
      if (isLeft) await pooler.resume();
      state.pooler = await pooler.state();
      this.lookedAt = now();
      return 0;
    });
  }

  /** @returns what `work` returns; a pause if it failed */
  private async onConsole(work: () => Promise<number>): Promise<number> {
    try {
      const sleepMs = await work();
      this.logChange('console', 'PgBouncer answers');
      return sleepMs;
    } catch (error) {
      this.logChange('console', reasonOf(error));
      return RETRY_MS;
    }
  }
}
