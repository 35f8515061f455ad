import { MAX_READING_AGE_MS, olderSince, type Reading } from './decide';
import type { EtcdClient } from './etcd';
import { onChange, reasonOf, type Log } from './log';
import type { RegionsConfig } from '../../lib/services/follower';
import type { Metrics } from './metrics';
import { seenByRouting } from './region-view';
import type { State } from './state';
import type { Wake } from './wake';
import { SILENT, STOPPED } from './watch-stream';

export interface ReadingPorts {
  readonly etcd: EtcdClient;
  readonly state: State;
  readonly now: () => number;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Woken to read at once. */
  readonly readNow: Wake;
  /** Woken when something new was read. */
  readonly actNow: Wake;
  readonly pollMs: number;
  readonly stop: AbortSignal;
  readonly regions?: RegionsConfig | undefined;
}

/** The watch should have told of a change that a read found; if it has not within this time, it is deaf. */
const WATCH_GRACE_MS = 300;
const REOPEN_MS = [100, 200, 400, 800, 1_600] as const;

/** Reads the leader on every word of the watch, and every `pollMs` without one. */
export const readingLoop = async (ports: ReadingPorts, watch: Watch): Promise<void> => {
  const { etcd, state, now, metrics, stop } = ports;
  const log = onChange(ports.log);
  while (!stop.aborted) {
    try {
      accept(ports, watch, await etcd.read());
      log('etcd answers', 'a quorum is there');
    } catch (error) {
      log('etcd does not answer', reasonOf(error));
      if (!state.route) await readWithoutQuorum(ports, watch, log);
    }
    state.readAt = now();
    metrics.leader = state.reading && now() - state.reading.at <= MAX_READING_AGE_MS ? state.reading.leader?.member : undefined;
    await ports.readNow.sleep(ports.pollMs);
  }
};

/** Only for a follower that has no route to lose: the candidate must still say that it is primary. */
const readWithoutQuorum = async (ports: ReadingPorts, watch: Watch, log: Log): Promise<void> => {
  try {
    accept(ports, watch, await ports.etcd.readWithoutQuorum());
  } catch (error) {
    log('no route and no etcd', reasonOf(error));
  }
};

const accept = ({ state, log, actNow, regions, now }: ReadingPorts, watch: Watch, read: Reading): void => {
  const reading = regions === undefined ? read : seenByRouting(read, regions, state.peers, now());
  const before = state.reading?.leader;
  const isNew = reading.leader?.member !== before?.member || reading.leader?.modRevision !== before?.modRevision;
  if (isNew || state.leaderSince === undefined) state.leaderSince = reading.at;
  state.olderSince = olderSince(state.olderSince, reading, state.route);
  state.reading = reading;
  if (reading.leader?.member === state.route?.member) state.routeUrl = reading.leader?.primaryUrl ?? state.routeUrl;
  if (isNew) {
    const { leader } = reading;
    log('leader key', leader ? `held by ${leader.member}` : 'absent', leader ? { revision: leader.modRevision } : {});
    if (leader) watch.expect(leader.modRevision);
  }
  actNow.now();
};

/** The watch, kept open for as long as the follower lives. */
export class Watch {
  /** The newest revision that the running watch has told of; undefined until etcd has acknowledged it. */
  private heard: number | undefined;
  private running = new AbortController();
  /** Watches in a row that etcd never acknowledged. Only the first is told: a long outage is not news. */
  private failures = 0;

  constructor(private readonly ports: Omit<ReadingPorts, 'state' | 'actNow' | 'pollMs'>) {}

  async loop(): Promise<void> {
    const { etcd, stop } = this.ports;
    etcd.endpoints.onMove(() => this.running.abort());
    stop.addEventListener('abort', () => this.running.abort());
    for (let why = await this.watchOnce(); !stop.aborted; why = await this.watchOnce()) {
      this.ports.metrics.watchRestarts += 1;
      this.failures = this.heard === undefined ? this.failures + 1 : 0;
      if (why !== SILENT) await pause(REOPEN_MS[Math.min(this.failures, REOPEN_MS.length - 1)] ?? 0);
    }
  }

  private async watchOnce(): Promise<string> {
    const { etcd, log, readNow } = this.ports;
    this.running = new AbortController();
    this.heard = undefined;
    const endpoint = etcd.endpoints.current();
    const why = await etcd.watch(endpoint, (revision) => this.hear(revision), this.running.signal);
    if (why === SILENT || why === STOPPED) return why;
    if (this.failures === 0) log('watch ended', why, { endpoint });
    etcd.endpoints.leave(endpoint);
    readNow.now();
    return why;
  }

  /** A read found the leader key at this revision: the watch should know it by now, or soon. */
  expect(revision: number): void {
    const watching = this.running;
    setTimeout(() => {
      if (this.heard === undefined || this.heard >= revision || watching !== this.running || this.ports.stop.aborted) return;
      this.ports.log('watch abandoned', `it did not tell of revision ${revision}, which a read found`);
      this.ports.etcd.endpoints.leave(this.ports.etcd.endpoints.current());
      watching.abort();
    }, WATCH_GRACE_MS).unref();
  }

  private hear(revision: number): void {
    this.heard = Math.max(this.heard ?? 0, revision);
    this.ports.readNow.now();
  }
}

const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));
