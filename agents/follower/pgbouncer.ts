import { existsSync, rmSync, writeFileSync } from 'node:fs';
import type { FollowerConfig } from '../../lib/services/follower';
import type { AdminConsole, Row } from './admin-console';
import { sameAddress, type Address, type PoolerState, type Route } from './decide';
import { reasonOf, type Log } from './log';
import type { Metrics } from './metrics';

/** Single clients are ended at most so often before the whole database is killed. */
const SEVER_ROUNDS = 3;
const SEVER_PAUSE_MS = 30;

const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));
const addressOf = (row: Row, host: string): Address => ({ host: String(row[host] ?? ''), port: Number(row['port']) });

/** PgBouncer, by its admin console. */
export class Pooler {
  private readonly database: string;
  /** Exists while the database may be killed and not resumed: a follower that dies in between must finish. */
  private readonly killedMarker: string;

  constructor(
    config: FollowerConfig['pgbouncer'],
    private readonly console: AdminConsole,
    private readonly log: Log,
    private readonly metrics: Metrics,
  ) {
    this.database = config.database;
    this.killedMarker = `${config.databasesFile}.killed`;
  }

  /** @throws Error when the console does not answer */
  async state(): Promise<PoolerState> {
    const row = (await this.console.query('SHOW DATABASES')).find((r) => r['name'] === this.database);
    return row ? { kind: 'serving', ...addressOf(row, 'host') } : { kind: 'absent' };
  }

  /**
   * Makes PgBouncer read its files.
   * @throws Error when the console does not answer, or PgBouncer still uses another server than `route`
   */
  async reload(route: Route): Promise<PoolerState> {
    await this.console.query('RELOAD');
    const state = await this.state();
    if (state.kind !== 'serving' || !sameAddress(state, route)) throw new Error(`PgBouncer was reloaded and does not use ${route.host}:${route.port}`);
    return state;
  }

  /**
   * Ends what is still bound to another server than the route's. RELOAD has closed the idle connections, and PgBouncer closes the others when they are released;
   * but one that waits for a dead server would hold its client for seconds. Only such clients are ended: those that wait for a server stay, and are served by the
   * new primary without an error. If that does not help, the whole database is killed and resumed.
   * @throws Error when the console does not answer
   */
  async sever(route: Route): Promise<void> {
    for (let round = 0; round < SEVER_ROUNDS; round += 1) {
      const stranded = await this.strandedServers(route);
      if (stranded.length === 0) return;
      try {
        await this.killClientsOf(stranded);
      } catch (error) {
        this.log('clients not ended one by one', reasonOf(error));
        break;
      }
      await pause(SEVER_PAUSE_MS);
    }
    if ((await this.strandedServers(route)).length > 0) await this.killAndResume();
  }

  /** Finishes a KILL that a predecessor left without its RESUME. */
  async resumeIfLeftKilled(): Promise<void> {
    if (existsSync(this.killedMarker)) await this.resume();
  }

  /** Forces new connections although the address is the same (an address that went from one member to another). */
  async reconnect(): Promise<void> {
    await this.console.query(`RECONNECT ${this.database}`);
  }

  private async strandedServers(route: Route): Promise<readonly Row[]> {
    const servers = await this.console.query('SHOW SERVERS');
    return servers.filter((r) => r['database'] === this.database && !sameAddress(addressOf(r, 'addr'), route));
  }

  private async killClientsOf(servers: readonly Row[]): Promise<void> {
    const bound = new Set(servers.map((s) => s['link']).filter((link) => typeof link === 'string' && link !== ''));
    if (bound.size === 0) return;
    const clients = (await this.console.query('SHOW CLIENTS')).filter((c) => bound.has(c['ptr']));
    for (const client of clients) {
      await this.killClient(Number(client['id']));
    }
    this.log('clients ended', 'they were bound to the old server', { clients: clients.length });
  }

  private async killClient(id: number): Promise<void> {
    try {
      await this.console.query(`KILL_CLIENT ${id}`);
      this.metrics.clientsKilled += 1;
    } catch (error) {
      // It went by itself since it was listed.
      if (!reasonOf(error).includes('client not found')) throw error;
    }
  }

  private async killAndResume(): Promise<void> {
    writeFileSync(this.killedMarker, '');
    this.metrics.poolerKills += 1;
    this.log('database killed', 'connections to the old server did not end otherwise');
    try {
      await this.console.query(`KILL ${this.database}`);
    } finally {
      // Also when KILL failed: its answer may have been lost, and a database that stays killed serves nobody.
      await this.resume();
    }
  }

  private async resume(): Promise<void> {
    try {
      await this.console.query(`RESUME ${this.database}`);
    } catch (error) {
      if (!reasonOf(error).includes('is not paused')) throw error;
    }
    rmSync(this.killedMarker, { force: true });
  }
}
