import { Cluster } from 'ioredis';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface CacheEndpoint {
  /** `host:port`; any node tells of the others. */
  readonly nodes: readonly string[];
  readonly user: string;
  /** Holds `password` and `ca.crt`, which a rotation replaces. */
  readonly directory: string;
}

const CONNECT_TIMEOUT_MS = 1000;
/** A node that is silent for so long is as good as away; whoever asks has something else that it can do. */
const COMMAND_TIMEOUT_MS = 400;
const RECONNECT_MS = { step: 50, longest: 1000 };

const addressOf = (node: string): { readonly host: string; readonly port: number } => {
  const [host = '', port = '6379'] = node.split(':');
  return { host, port: Number(port) };
};

interface Login {
  readonly password: string;
  readonly ca: string;
}

const connect = ({ nodes, user }: CacheEndpoint, { password, ca }: Login, commandTimeoutMs: number): Cluster =>
  new Cluster(nodes.map(addressOf), {
    // What can't be sent now is not sent later: the caller has fallen back by then.
    enableOfflineQueue: false,
    clusterRetryStrategy: (times) => Math.min(times * RECONNECT_MS.step, RECONNECT_MS.longest) * (0.5 + Math.random() / 2),
    slotsRefreshTimeout: CONNECT_TIMEOUT_MS,
    slotsRefreshInterval: 5000,
    maxRedirections: 6,
    // The cluster names its nodes as their certificates do: an address in between would fail the check.
    dnsLookup: (host, callback) => callback(null, host),
    redisOptions: { username: user, password, tls: { ca }, connectTimeout: CONNECT_TIMEOUT_MS, commandTimeout: commandTimeoutMs, maxRetriesPerRequest: 1 },
  });

/** One connection to each master of a Redis Cluster, over TLS as an ACL user. A new password is taken up by a new set of connections; the old one serves until then. */
export class CacheConnection {
  private present: Cluster;
  private login: Login;

  constructor(
    private readonly endpoint: CacheEndpoint,
    private readonly onError: (error: Error) => void,
    private readonly commandTimeoutMs = COMMAND_TIMEOUT_MS,
  ) {
    this.login = this.readLogin();
    this.present = this.open();
  }

  get client(): Cluster {
    return this.present;
  }

  /** Looks whether the credentials have changed; cheap enough for every second. */
  renew(): void {
    const now = this.readLogin();
    if (now.password === this.login.password && now.ca === this.login.ca) return;
    this.login = now;
    const before = this.present;
    const next = this.open();
    next.once('ready', () => {
      this.present = next;
      before.disconnect();
    });
  }

  close(): void {
    this.present.disconnect();
  }

  private open(): Cluster {
    const cluster = connect(this.endpoint, this.login, this.commandTimeoutMs);
    cluster.on('error', this.onError);
    return cluster;
  }

  private readLogin(): Login {
    const read = (file: string): string => readFileSync(join(this.endpoint.directory, file), 'utf8');
    return { password: read('password').trim(), ca: read('ca.crt') };
  }
}
