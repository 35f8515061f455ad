import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { freePort } from '../../../support/free-port';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readRoute } from '../../../../agents/follower/databases-file';
import type { Route } from '../../../../agents/follower/decide';
import { makeLog } from '../../../../agents/follower/log';
import { follow } from '../../../../agents/follower/run';
import type { FollowerConfig } from '../../../../lib/services/follower';
import { databasesIniFor } from '../../../../lib/services/pgbouncer';
import { writeCertificates } from './certificates';
import { FakeEtcd } from './etcd';
import { FakePatroni } from './patroni';
import { FakePgBouncer } from './pgbouncer';

const LEADER = '/service/test/leader';
const MEMBERS = '/service/test/members/';
/** Two members, and the address that the first returns with. */
export const HOSTS = { 'pg-x-0': '127.0.0.1', 'pg-x-1': '127.0.0.2', moved: '127.0.0.3' } as const;

export const sleep = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

/** @throws Error when it has not come true in time */
export const until = async (what: string, isTrue: () => boolean, withinMs = 5_000): Promise<void> => {
  const started = Date.now();
  while (!isTrue()) {
    await sleep(5);
    if (Date.now() - started > withinMs) throw new Error(`did not come true within ${withinMs} ms: ${what}`);
  }
};

/** Everything around one follower, and the follower. */
export class World {
  readonly directory = mkdtempSync(join(tmpdir(), 'follower-'));
  readonly etcd = new FakeEtcd(LEADER);
  readonly patroni = new FakePatroni();
  readonly lines: { what: string; why: string }[] = [];
  readonly databasesFile = join(this.directory, 'databases.ini');
  pgbouncer = new FakePgBouncer(this.directory, 6432, this.databasesFile);
  private stopping = new AbortController();
  private running: Promise<void> = Promise.resolve();

  private constructor(readonly config: FollowerConfig) {}

  static async make(placement = false): Promise<World> {
    const listen = { host: '127.0.0.1', port: await freePort() };
    const pgbouncer = { socketDir: '', port: 6432, databasesFile: '', database: 'app', applicationRole: 'app' };
    const timing = { pollIntervalSeconds: 0.3, requestTimeoutSeconds: 0.3 };
    const keys = { leaderKey: LEADER, membersPrefix: MEMBERS };
    const etcd = { endpoints: [], ca: '', cert: '', key: '' };
    const world = new World({ etcd, ...keys, patroniCa: '', ...timing, pgbouncer, watched: [], etcdPlacement: placement, etcdMemberOrdinals: true, listen });
    return world.build();
  }

  private async build(): Promise<World> {
    writeCertificates(this.directory);
    const at = (name: string): string => join(this.directory, name);
    const read = (name: string): Buffer => readFileSync(at(name));
    const endpoints = await this.etcd.start(3, { cert: read('server.crt'), key: read('server.key'), ca: read('ca.crt') });
    await this.patroni.start(Object.values(HOSTS), { cert: read('rest.crt'), key: read('rest.key') });
    Object.assign(this.config.etcd, { endpoints, ca: at('ca.crt'), cert: at('client.crt'), key: at('client.key') });
    Object.assign(this.config, { patroniCa: at('ca.crt') });
    Object.assign(this.config.pgbouncer, { socketDir: this.directory, databasesFile: this.databasesFile });
    writeFileSync(this.databasesFile, databasesIniFor('127.0.0.1', 1, 'app'));
    await this.pgbouncer.start();
    this.member('pg-x-0', HOSTS['pg-x-0']);
    this.member('pg-x-1', HOSTS['pg-x-1']);
    return this;
  }

  start(): void {
    this.stopping = new AbortController();
    this.running = follow(
      this.config,
      makeLog((line) => this.lines.push(JSON.parse(line) as { what: string; why: string })),
      this.stopping.signal,
    );
  }

  async stopFollower(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  async end(): Promise<void> {
    await this.stopFollower();
    await this.pgbouncer.stop();
    this.etcd.stop();
    this.patroni.stop();
    rmSync(this.directory, { recursive: true });
  }

  member(name: string, host: string): void {
    const value = { conn_url: `postgres://${host}:5432/postgres`, api_url: `https://${host}:${this.patroni.port}/patroni`, state: 'running' };
    this.etcd.put(`${MEMBERS}${name}`, JSON.stringify(value));
  }

  leader(name: string): void {
    this.etcd.put(LEADER, name);
  }

  noLeader(): void {
    this.etcd.delete(LEADER);
  }

  /** Only these addresses answer as primaries from now on. */
  primaries(...hosts: string[]): void {
    this.patroni.primaries.clear();
    hosts.forEach((host) => this.patroni.primaries.add(host));
  }

  get route(): Route | undefined {
    return readRoute(this.databasesFile, 'app');
  }

  async get(path: string): Promise<{ status: number; body: string }> {
    const response = await fetch(`http://127.0.0.1:${this.config.listen.port}${path}`);
    return { status: response.status, body: await response.text() };
  }

  async metric(name: string): Promise<number> {
    return Number(new RegExp(`^holdfast_follower_${name} (.+)$`, 'm').exec((await this.get('/metrics')).body)?.[1] ?? NaN);
  }

  /** A follower that has pg-x-0 as its confirmed route. */
  async routedTo0(): Promise<void> {
    this.primaries(HOSTS['pg-x-0']);
    this.leader('pg-x-0');
    this.start();
    await this.routedTo('pg-x-0', HOSTS['pg-x-0']);
    await until('nothing is bound to an old server', () => this.pgbouncer.commands.includes('SHOW SERVERS'));
  }

  routedTo(member: string, host: string): Promise<void> {
    return until(`the route is ${member} at ${host}`, () => this.route?.member === member && this.pgbouncer.host === host);
  }
}
