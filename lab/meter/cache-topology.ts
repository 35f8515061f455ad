/** Where a client of the cache believes the shards' masters to be: asked of one node after the other, as client libraries do. */
import { connectTo, discard, within, type CacheClient } from './cache-connection';
import type { CacheMeterConfiguration } from './cache-configuration';
import type { LoginSource } from './cache-login';
import { now } from './clock';

/** Of CLUSTER SLOTS: first and last slot, then the master's name, port, id and further addresses. */
const masterIn = (reply: unknown, slot: number): string | undefined => {
  if (!Array.isArray(reply)) return undefined;
  for (const range of reply as readonly unknown[]) {
    if (!Array.isArray(range)) continue;
    const [from, to, master] = range as readonly unknown[];
    if (Number(from) > slot || Number(to) < slot || !Array.isArray(master)) continue;
    const more = (master as readonly unknown[])[3];
    const list = Array.isArray(more) ? (more as readonly unknown[]).map(String) : [];
    return list[list.indexOf('ip') + 1] ?? String(master[0]);
  }
  return undefined;
};

/** A node that did not answer is not asked again for so long. */
const SHUN_SECONDS = 3;
/** So many nodes are asked at once; the first answer counts. */
const ASKED_AT_ONCE = 3;

export class CacheTopology {
  private masters: readonly (string | undefined)[] = [];
  private readonly clients = new Map<string, CacheClient>();
  private readonly shunned = new Map<string, number>();
  private next: number;
  private refreshing: Promise<void> | undefined;

  constructor(
    private readonly config: CacheMeterConfiguration,
    private readonly login: LoginSource,
    first: number,
  ) {
    this.next = first;
  }

  masterOf(shard: number): string | undefined {
    return this.masters[shard];
  }

  /** Asks some nodes; several streams that ask at once get one answer. */
  refresh(): Promise<void> {
    this.refreshing ??= this.askSome().finally(() => (this.refreshing = undefined));
    return this.refreshing;
  }

  private async askSome(): Promise<void> {
    const { seeds } = this.config;
    const turn = this.next++;
    const order = seeds.map((_, i) => seeds[(turn + i) % seeds.length] ?? '');
    const willing = order.filter((address) => now() - (this.shunned.get(address) ?? 0) > SHUN_SECONDS);
    const answers = (willing.length > 0 ? willing : order).slice(0, ASKED_AT_ONCE).map((address) => this.ask(address));
    // None answers: the next ones are asked when a stream comes again.
    const found = await Promise.any(answers).catch(() => []);
    this.masters = this.config.shards.map((_, shard) => found[shard] ?? this.masters[shard]);
  }

  /** @throws Error when it does not answer in time */
  private async ask(address: string): Promise<readonly (string | undefined)[]> {
    try {
      const client = this.clients.get(address) ?? (await connectTo(address, this.login()));
      this.clients.set(address, client);
      const reply: unknown = await within(this.config.connectSeconds, client.sendCommand(['CLUSTER', 'SLOTS']));
      return this.config.shards.map(({ slot }) => masterIn(reply, slot));
    } catch (error) {
      this.shunned.set(address, now());
      const client = this.clients.get(address);
      this.clients.delete(address);
      if (client !== undefined) discard(client);
      throw error;
    }
  }
}
