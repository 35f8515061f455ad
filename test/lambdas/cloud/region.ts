/** A region as the failover sees it: its door over mutual TLS, and a pooler with a database behind it. What the door is told is judged by the product's own rules. */
import { createServer, type Server } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { carryOutOrder, type RegionOrder } from '../../../lib/failover/region-orders';
import { roleOf, type OwnRole } from '../../../lib/failover/region-role';
import type { Pki } from './pki';

type Plain = Readonly<Record<string, unknown>>;
const isPlain = (v: unknown): v is Plain => typeof v === 'object' && v !== null && !Array.isArray(v);

/** RFC 7386, as Patroni applies a change. */
const merged = (before: Plain, patch: Plain): Plain => {
  const kept = Object.entries(before).filter(([key]) => !(key in patch));
  const changed = Object.entries(patch).flatMap(([key, value]): [string, unknown][] => {
    if (value === null) return [];
    const old = before[key];
    return [[key, isPlain(value) ? merged(isPlain(old) ? old : {}, value) : value]];
  });
  return Object.fromEntries([...kept, ...changed]);
};

export class FakeRegion {
  /** Patroni's dynamic configuration. */
  config: Plain;
  /** When its newest row was committed, milliseconds since the epoch. @default - now */
  newestRow: number | undefined;
  silent = false;
  private server: Server | undefined;

  constructor(
    readonly name: string,
    primary: string,
  ) {
    const follows = name === primary ? {} : { standby_cluster: { host: 'x', port: 5433 } };
    this.config = { holdfast: { epoch: 1, primary }, ...follows };
  }

  get role(): OwnRole {
    return roleOf(this.config);
  }
  get doorPort(): number {
    return (this.server?.address() as AddressInfo).port;
  }

  async open(pki: Pki): Promise<void> {
    const tls = { ...pki.pair('door'), ca: pki.ca, requestCert: true, rejectUnauthorized: true };
    this.server = createServer(tls, (request, response) => void this.serve(request, response));
    await new Promise<void>((done) => this.server?.listen(0, '127.0.0.1', done));
  }
  close(): void {
    this.server?.closeAllConnections();
    this.server?.close();
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = (await buffer(request)).toString('utf8');
    if (this.silent) return void response.destroy();
    const [path = ''] = (request.url ?? '').split('?');
    const said = request.method === 'POST' ? this.carryOut({ kind: path.slice(1), ...(JSON.parse(body) as object) } as RegionOrder) : this.tell(path);
    response.writeHead('kind' in said && said['kind'] === 'refused' ? 409 : 200, { 'content-type': 'application/json' }).end(JSON.stringify(said));
  }

  private carryOut(order: RegionOrder): Plain {
    const context = { self: this.name, own: this.role, now: Date.now(), primaryStartTimeout: 0 };
    const decision = carryOutOrder(
      { ...context, standbyCluster: () => ({ host: 'y', port: 5433, primary_slot_name: 's', create_replica_methods: [] }) },
      order,
    );
    if (decision.kind === 'write') this.config = merged(this.config, decision.patch);
    return decision.kind === 'refused' ? { kind: 'refused', because: decision.because, role: this.role } : { kind: 'done', role: this.role };
  }

  private tell(path: string): Plain {
    const { role } = this;
    if (path === '/region')
      return { region: this.name, serving: !role.follows, promised: null, streaming: role.follows ? false : null, vouchedAt: null, ...role };
    const at = (this.newestRow ?? Date.now()) / 1000;
    const member = { name: `pg-${this.name}-0`, address: '127.0.0.1', state: role.follows ? 'streaming' : 'running', timeline: role.epoch };
    const log = role.follows ? { received: 1000, replayed: 1000, replayedAt: at } : { written: 1000 };
    const members = [{ ...member, role: role.follows ? 'standby_leader' : 'primary', ...log }];
    return { name: this.name, at: Date.now() / 1000, role, members, expectedMembers: 1 };
  }
}
