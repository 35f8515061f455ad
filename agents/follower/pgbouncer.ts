import { existsSync, rmSync, writeFileSync } from 'node:fs';
import type { FollowerConfig } from '../../lib/services/follower';
import { isRefusal, type AdminConsole, type Row } from './admin-console';
import { sameAddress, type Address, type PoolerState, type Route } from './decide';
import { reasonOf, type Log } from './log';
import type { Metrics } from './metrics';

const addressOf = (row: Row, host: string): Address => ({ host: typeof row[host] === 'string' ? row[host] : '', port: Number(row['port']) });

/** Server connections, counted. */
export interface Bound {
  readonly elsewhere: number;
  readonly onRoute: number;
}

/** PgBouncer, by its admin console. */
export class Pooler {
  private readonly database: string;
  /** Exists while the database may be killed or paused and not resumed: a follower that dies in between must finish. */
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
   * new primary without an error. Connections without a client (under test) are closed by PgBouncer's own maintenance, three times a second.
   * @returns how many connections to other servers and to the route's there were
   * @throws Error when the console does not answer
   */
  async sever(route: Route): Promise<Bound> {
    const servers = (await this.console.query('SHOW SERVERS')).filter((r) => r['database'] === this.database);
    const stranded = servers.filter((r) => !sameAddress(addressOf(r, 'addr'), route));
    const bound = new Set(stranded.map((s) => s['link']).filter((link) => typeof link === 'string' && link !== ''));
    if (bound.size > 0) await this.killClients(bound);
    return { elsewhere: stranded.length, onRoute: servers.length - stranded.length };
  }

  /**
   * Keeps clients waiting. PgBouncer answers once every connection is idle, which a client in the middle of a transaction delays: it is asked, not waited for.
   * @throws Error when the console does not answer otherwise
   */
  async pause(): Promise<void> {
    writeFileSync(this.killedMarker, '');
    await this.console.ask(`PAUSE ${this.database}`);
  }

  /** Whether a KILL or a PAUSE waits for its RESUME: this follower's, or that of one that died in between. */
  isLeftKilled(): boolean {
    return existsSync(this.killedMarker);
  }

  /** @throws Error when the console does not answer; the database is then still left killed */
  async resume(): Promise<void> {
    try {
      await this.console.query(`RESUME ${this.database}`);
    } catch (error) {
      if (!isRefusal(error) || !reasonOf(error).includes('is not paused')) throw error;
    }
    rmSync(this.killedMarker, { force: true });
  }

  /** Forces new connections although the address is the same (an address that went from one member to another). */
  async reconnect(): Promise<void> {
    await this.console.query(`RECONNECT ${this.database}`);
  }

  /**
   * The last resort: ends every connection of the database, clients' included, and lets new ones in.
   * @throws Error when the console does not answer; what is left undone shows in `isLeftKilled`
   */
  async killAndResume(): Promise<void> {
    writeFileSync(this.killedMarker, '');
    this.metrics.poolerKills += 1;
    try {
      await this.console.query(`KILL ${this.database}`);
    } finally {
      // Also when KILL failed: its answer may have been lost, and a database that stays killed serves nobody.
      await this.resume();
    }
  }

  private async killClients(pointers: ReadonlySet<unknown>): Promise<void> {
    const clients = (await this.console.query('SHOW CLIENTS')).filter((c) => pointers.has(c['ptr']));
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
      if (!isRefusal(error)) throw error;
      // It went by itself since it was listed, or PgBouncer is older than 1.24 and knows no KILL_CLIENT; in that case the connection stays, and is counted again.
      this.log('client not ended', reasonOf(error));
    }
  }
}
